// Command startbench measures how long a Terraform provider takes from the
// start of its process to its answer to GetSchema, and how much memory it
// holds then.
//
//	startbench [-n 20] [-mtls] [-json] name=path/to/provider ...
//
// It speaks the handshake itself, as Terraform would, and starts the providers
// in turn, so that a busy machine disturbs all of them alike. With several
// providers the ratios to the last one are printed. -mtls adds what Terraform
// also does: a client certificate for each process, and TLS on the socket.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// sample is one start of one provider.
type sample struct {
	Millis     float64 `json:"ms"`     // start of the process to the answer
	CPUMillis  float64 `json:"cpu_ms"` // what the process had used by then
	RSS        float64 `json:"rss_kib"`
	SchemaSize int     `json:"schema_bytes"`
}

// result is what the runs of one provider come to.
type result struct {
	Name   string   `json:"name"`
	Median sample   `json:"median"`
	Runs   []sample `json:"runs"`
}

func main() {
	runs := flag.Int("n", 20, "starts per provider")
	mtls := flag.Bool("mtls", false, "with the client certificate that Terraform hands out")
	asJSON := flag.Bool("json", false, "print JSON")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: startbench [-n 20] [-mtls] [-json] name=path/to/provider ...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 || *runs < 1 {
		flag.Usage()
		os.Exit(2)
	}
	results, err := measure(flag.Args(), *runs, *mtls)
	if err != nil {
		fmt.Fprintln(os.Stderr, "startbench:", err)
		os.Exit(1)
	}
	if *asJSON {
		err = json.NewEncoder(os.Stdout).Encode(results)
	} else {
		err = print(results)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "startbench:", err)
		os.Exit(1)
	}
}

func measure(arguments []string, runs int, mtls bool) ([]result, error) {
	binaries := make([]string, len(arguments))
	results := make([]result, len(arguments))
	for i, argument := range arguments {
		name, binary, ok := strings.Cut(argument, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not name=path", argument)
		}
		results[i].Name, binaries[i] = name, binary
	}
	certificate, err := newClientCertificate(mtls)
	if err != nil {
		return nil, err
	}
	// Round 0 brings the binaries into the page cache and is thrown away.
	for round := 0; round <= runs; round++ {
		for i, binary := range binaries {
			one, err := start(binary, certificate)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", results[i].Name, err)
			}
			if round > 0 {
				results[i].Runs = append(results[i].Runs, one)
			}
		}
	}
	for i := range results {
		results[i].Median = medianOf(results[i].Runs)
	}
	return results, nil
}

func medianOf(runs []sample) sample {
	middle := func(get func(sample) float64) float64 {
		values := make([]float64, len(runs))
		for i, run := range runs {
			values[i] = get(run)
		}
		slices.Sort(values)
		half := len(values) / 2
		if len(values)%2 == 1 {
			return values[half]
		}
		return (values[half-1] + values[half]) / 2
	}
	return sample{
		Millis:     middle(func(s sample) float64 { return s.Millis }),
		CPUMillis:  middle(func(s sample) float64 { return s.CPUMillis }),
		RSS:        middle(func(s sample) float64 { return s.RSS }),
		SchemaSize: runs[0].SchemaSize,
	}
}

func print(results []result) error {
	if len(results) == 0 {
		return errors.New("nothing was measured")
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "provider\tstart to schema ms\tCPU ms\tRSS MiB\tschema KiB\t")
	for _, r := range results {
		fmt.Fprintf(table, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t\n",
			r.Name, r.Median.Millis, r.Median.CPUMillis, r.Median.RSS/1024, float64(r.Median.SchemaSize)/1024)
	}
	last := results[len(results)-1]
	for _, r := range results[:len(results)-1] {
		fmt.Fprintf(table, "%s / %s\t%.2f\t%.2f\t%.2f\t\t\n", r.Name, last.Name,
			r.Median.Millis/last.Median.Millis, r.Median.CPUMillis/last.Median.CPUMillis, r.Median.RSS/last.Median.RSS)
	}
	return table.Flush()
}

const (
	// Nothing a provider does at its start takes this long; it is there so
	// that one that hangs ends the bench with an error.
	startDeadline = 60 * time.Second
	stopDeadline  = 2 * time.Second
)
