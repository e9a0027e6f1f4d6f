package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	magicCookie     = "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
	getSchemaMethod = "/tfplugin5.Provider/GetSchema"
	shutdownMethod  = "/plugin.GRPCController/Shutdown"
	maxMessageBytes = 256 << 20
)

// start runs the provider once: handshake, GetSchema, a look at its memory,
// Shutdown.
func start(binary string, certificate *clientCertificate) (sample, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startDeadline)
	defer cancel()

	command := exec.Command(binary)
	command.Env = append(pluginEnvironment(), certificate.environment()...)
	stdout, err := command.StdoutPipe()
	if err != nil {
		return sample{}, err
	}
	began := time.Now()
	if err := command.Start(); err != nil {
		return sample{}, err
	}
	defer stop(command)

	line, err := handshakeLine(ctx, bufio.NewReader(stdout))
	if err != nil {
		return sample{}, err
	}
	connection, err := dial(line, certificate)
	if err != nil {
		return sample{}, err
	}
	defer connection.Close()
	var schema []byte
	if err := connection.Invoke(ctx, getSchemaMethod, []byte{}, &schema); err != nil {
		return sample{}, fmt.Errorf("GetSchema: %w", err)
	}
	one := sample{Millis: time.Since(began).Seconds() * 1000, SchemaSize: len(schema)}

	if one.RSS, err = residentKiB(command.Process.Pid); err != nil {
		return sample{}, err
	}
	if one.CPUMillis, err = cpuMillis(command.Process.Pid); err != nil {
		return sample{}, err
	}
	// The answer may get lost when the process ends at once: that is fine.
	var nothing []byte
	_ = connection.Invoke(ctx, shutdownMethod, []byte{}, &nothing)
	return one, nil
}

// pluginEnvironment is this process's environment with what Terraform adds,
// and without what would change how a provider starts.
func pluginEnvironment() []string {
	var environment []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TF_") && !strings.HasPrefix(entry, "PLUGIN_") {
			environment = append(environment, entry)
		}
	}
	return append(environment, magicCookie, "PLUGIN_PROTOCOL_VERSIONS=5",
		"PLUGIN_MIN_PORT=10000", "PLUGIN_MAX_PORT=25000")
}

// handshake is the line a plugin prints:
// 1|protocol|network|address|grpc|certificate.
type handshake struct {
	network, address, certificate string
}

func handshakeLine(ctx context.Context, stdout *bufio.Reader) (handshake, error) {
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := stdout.ReadString('\n')
		answers <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return handshake{}, errors.New("no handshake line in time")
	case got := <-answers:
		if got.err != nil {
			return handshake{}, fmt.Errorf("no handshake line: %w", got.err)
		}
		fields := strings.Split(strings.TrimSpace(got.line), "|")
		if len(fields) < 5 || fields[0] != "1" || fields[1] != "5" || fields[4] != "grpc" {
			return handshake{}, fmt.Errorf("not the handshake of a protocol 5 provider: %q", got.line)
		}
		h := handshake{network: fields[2], address: fields[3]}
		if len(fields) > 5 {
			h.certificate = fields[5]
		}
		return h, nil
	}
}

func dial(h handshake, certificate *clientCertificate) (*grpc.ClientConn, error) {
	var security credentials.TransportCredentials = insecure.NewCredentials()
	if certificate != nil {
		config, err := certificate.config(h.certificate)
		if err != nil {
			return nil, err
		}
		security = credentials.NewTLS(config)
	}
	return grpc.NewClient("passthrough:///localhost",
		grpc.WithTransportCredentials(security),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, h.network, h.address)
		}),
		grpc.WithDefaultCallOptions(
			grpc.ForceCodec(rawCodec{}),
			grpc.MaxCallRecvMsgSize(maxMessageBytes),
			grpc.MaxCallSendMsgSize(maxMessageBytes),
		))
}

// rawCodec passes messages through as bytes, so that no generated code is needed.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(message any) ([]byte, error) {
	bytes, ok := message.([]byte)
	if !ok {
		return nil, fmt.Errorf("cannot send a %T", message)
	}
	return bytes, nil
}

func (rawCodec) Unmarshal(data []byte, message any) error {
	target, ok := message.(*[]byte)
	if !ok {
		return fmt.Errorf("cannot receive into a %T", message)
	}
	*target = append([]byte(nil), data...)
	return nil
}

// stop waits for the process to end by itself and then ends it.
func stop(command *exec.Cmd) {
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(stopDeadline):
		_ = command.Process.Kill()
		<-ended
	}
}

func residentKiB(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseFloat(strings.Fields(value)[0], 64)
		}
	}
	return 0, errors.New("the process has no VmRSS")
}

// cpuMillis is the time the scheduler gave the process's threads. The sum is
// taken over the threads that still live: at its start a provider ends none.
func cpuMillis(pid int) (float64, error) {
	folder := fmt.Sprintf("/proc/%d/task", pid)
	threads, err := os.ReadDir(folder)
	if err != nil {
		return 0, err
	}
	var nanos float64
	for _, thread := range threads {
		text, err := os.ReadFile(folder + "/" + thread.Name() + "/schedstat")
		if err != nil {
			continue
		}
		used, err := strconv.ParseFloat(strings.Fields(string(text))[0], 64)
		if err != nil {
			return 0, err
		}
		nanos += used
	}
	return nanos / 1e6, nil
}
