/* Runs a provider as its child and notes what the provider used.
 *
 * Installed under the provider's name, with the provider itself beside it as
 * `payload`. Standard input, output and error are the child's own; signals to
 * the shim are passed on, and the end of the child is the end of the shim. The
 * numbers go to a file of their own in the folder $BENCH_USAGE_DIR, one JSON
 * object per process; without that variable nothing is noted.
 *
 *     cc -O2 -o terraform-provider-x_v0.1.0 shim.c
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static pid_t child;

static void pass_on(int number) { kill(child, number); }

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

static void note(const struct rusage *used, int status) {
    const char *folder = getenv("BENCH_USAGE_DIR");
    char path[PATH_MAX];
    if (folder == NULL) return;
    snprintf(path, sizeof path, "%s/%ld.json", folder, (long)getpid());
    FILE *file = fopen(path, "w");
    if (file == NULL) return;
    fprintf(file, "{\"user\": %.6f, \"sys\": %.6f, \"max_rss\": %ld, \"status\": %d}\n", seconds(used->ru_utime),
            seconds(used->ru_stime), used->ru_maxrss, status);
    fclose(file);
}

int main(int argc, char **argv) {
    char payload[PATH_MAX];
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    int folder = slash == NULL ? 1 : (int)(slash - argv[0]);
    snprintf(payload, sizeof payload, "%.*s/payload", folder, slash == NULL ? "." : argv[0]);

    /* No signal may arrive before the shim knows whom to pass it on to. */
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    child = fork();
    if (child < 0) {
        perror("shim: fork");
        return 126;
    }
    if (child == 0) {
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* killing the shim kills the provider */
#endif
        sigprocmask(SIG_SETMASK, &before, NULL);
        argv[0] = payload;
        execv(payload, argv);
        perror("shim: payload");
        _exit(127);
    }
    signal(SIGINT, SIG_IGN); /* Ctrl-C reaches the whole group, and so the child */
    signal(SIGTERM, pass_on);
    signal(SIGHUP, pass_on);
    signal(SIGUSR1, pass_on);
    signal(SIGUSR2, pass_on);
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);

    int status;
    struct rusage used;
    while (wait4(child, &status, 0, &used) < 0) {
        if (errno != EINTR) return 126;
    }
    note(&used, status);
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}
