/* Counts the file and network system calls of a program, over all its threads and children, and at one of them kills
   it, fails the call or cuts it short; or records what a power cut could take away.

     tracer -o FILE [-w FOLDER]… [-n] [-c NAME,NAME…] MODE [--] COMMAND…

     list              nothing but the list
     kill-entry N      SIGKILL at the entry of the Nth call, which does not take place
     kill-exit N       SIGKILL when the Nth call has taken place, before the program sees its result
     error N ERRNO     the Nth call does not take place and gives this error; close does take place, as in Linux. N+: so
                       does every one from the Nth on
     short N           the Nth call, a write, is made to write half of its bytes
     record            the list, with inode, offset and bytes of what changes files

   Counted is every call of the table below from the return of execve on, the dynamic loader's too; with -w only what
   names or has open something in these folders, and with -n network calls as well; with -c only these calls. An open
   that can make a file is called "create". Written is one line a call when it has ended, with list and record of every
   counted one, else of those that were struck: number, name, path, second path, result, and with record inode, offset
   (of create: flags), bytes in hexadecimal (of fallocate and ftruncate: the new end). The exit status is the program's,
   or 128 and the signal. By seccomp the program stops at calls of the table only, so it stays fast. */

#if !defined __linux__ || !defined __x86_64__
#error "tracer.c sets the registers of x86-64 Linux; for another machine write MACHINE, skip(), answer() and halve()"
#endif

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>

/* All that depends on the machine: PTRACE_GET_SYSCALL_INFO tells number, arguments and result, and cannot set them. */
#define MACHINE AUDIT_ARCH_X86_64
#define SET(thread, name, value) ptrace(PTRACE_POKEUSER, thread, offsetof(struct user_regs_struct, name), value)
static void skip(pid_t thread) { SET(thread, orig_rax, -1L); }
static void answer(pid_t thread, long long result) { SET(thread, rax, result); }
static void halve(pid_t thread, unsigned long long count) { if (count > 1) SET(thread, rdx, count / 2); }

/* Where a call names what it is about: d descriptor, p path, a folder's descriptor and path; twice where there are two;
   n a network call by name, N one with a descriptor. */
static const struct call { unsigned number; const char *name, *shape; } calls[] = {
#define CALL(name, shape) {SYS_##name, #name, shape}
    CALL(open, "p"), CALL(openat, "a"), CALL(creat, "p"), CALL(close, "d"), CALL(read, "d"), CALL(readv, "d"),
    CALL(pread64, "d"), CALL(preadv, "d"), CALL(write, "d"), CALL(writev, "d"), CALL(pwrite64, "d"), CALL(pwritev, "d"),
    CALL(lseek, "d"), CALL(fallocate, "d"), CALL(ftruncate, "d"), CALL(truncate, "p"), CALL(fsync, "d"),
    CALL(fdatasync, "d"), CALL(sync_file_range, "d"), CALL(syncfs, "d"), CALL(sendfile, "d"),
    CALL(copy_file_range, "d"),
    CALL(rename, "pp"), CALL(renameat, "aa"), CALL(renameat2, "aa"), CALL(unlink, "p"), CALL(unlinkat, "a"),
    CALL(rmdir, "p"), CALL(link, "pp"), CALL(linkat, "aa"), CALL(symlink, "pp"), CALL(mkdir, "p"), CALL(mkdirat, "a"),
    CALL(stat, "p"), CALL(lstat, "p"), CALL(fstat, "d"), CALL(newfstatat, "a"), CALL(statx, "a"), CALL(access, "p"),
    CALL(faccessat, "a"), CALL(faccessat2, "a"), CALL(readlink, "p"), CALL(readlinkat, "a"), CALL(getdents64, "d"),
    CALL(flock, "d"), CALL(fcntl, "d"), CALL(chmod, "p"), CALL(fchmod, "d"), CALL(fchmodat, "a"), CALL(fchown, "d"),
    CALL(socket, "n"), CALL(socketpair, "n"), CALL(poll, "n"), CALL(ppoll, "n"), CALL(select, "n"), CALL(pselect6, "n"),
    CALL(connect, "N"), CALL(bind, "N"), CALL(listen, "N"), CALL(accept, "N"), CALL(accept4, "N"), CALL(shutdown, "N"),
    CALL(sendto, "N"), CALL(sendmsg, "N"), CALL(sendmmsg, "N"), CALL(recvfrom, "N"), CALL(recvmsg, "N"),
    CALL(recvmmsg, "N"), CALL(setsockopt, "N"), CALL(getsockopt, "N"), CALL(getsockname, "N"), CALL(getpeername, "N"),
};
enum { CALLS = sizeof calls / sizeof *calls };
_Static_assert(2 * CALLS + 1 < 256, "the filter's first jump reaches over the table");

static struct thread {
    pid_t id;
    const struct call *call; /* the counted call that it is in */
    const char *name;
    long number;
    int flags;
    __u64 arguments[6];
    char path[2][PATH_MAX + 64];
} threads[512];

static enum { LIST, KILL_ENTRY, KILL_EXIT, ERROR, SHORT, RECORD } mode;
static const char *folders[16], *names;
static int folder_count, with_network, and_later, error_number;
static long target, count;
static FILE *out;

static struct thread *find(pid_t id) {
    struct thread *free_one = NULL;
    for (struct thread *one = threads; one < threads + 512; one++) {
        if (one->id == id) return one;
        if (!one->id && !free_one) free_one = one;
    }
    if (!free_one) errx(125, "more than 512 threads");
    free_one->id = id;
    free_one->call = NULL;
    return free_one;
}

static void descriptor(pid_t thread, int number, char *path) {
    char link[64];
    snprintf(link, sizeof link, number == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%d", thread, number);
    ssize_t size = readlink(link, path, PATH_MAX);
    path[size < 0 ? 0 : size] = 0;
}

/* A path as the program gave it, made absolute; not what its links lead to. */
static void named(pid_t thread, int folder, unsigned long long address, char *path) {
    char text[PATH_MAX] = "";
    size_t room = 4096 - address % 4096; /* the next page may not be there */
    struct iovec here = {text, sizeof text - 1}, there[2] = {{(void *)address, room}, {(void *)(address + room), 4096}};
    process_vm_readv(thread, &here, 1, there, 2, 0);
    path[0] = 0;
    if (text[0] != '/') descriptor(thread, folder, path);
    const char *slash = path[0] && text[0] ? "/" : "";
    snprintf(path + strlen(path), PATH_MAX + 64 - strlen(path), "%s%s", slash, text);
}

static int is_watched(const char *path) {
    for (int index = 0; index < folder_count; index++) {
        size_t size = strlen(folders[index]);
        if (!strncmp(path, folders[index], size) && (!path[size] || path[size] == '/')) return 1;
    }
    return 0;
}

static int is_listed(const char *name) {
    size_t size = strlen(name);
    for (const char *at = names; at && (at = strstr(at, name)); at += size)
        if ((at == names || at[-1] == ',') && (!at[size] || at[size] == ',')) return 1;
    return !names;
}

/* Takes note of a call that is counted; returns whether its end is waited for. */
static int enter(struct thread *one, const struct __ptrace_syscall_info *info, pid_t program) {
    one->call = NULL;
    const struct call *call = calls, *end = calls + CALLS;
    while (call < end && call->number != info->seccomp.nr) call++;
    if (call == end) return 0;
    memcpy(one->arguments, info->seccomp.args, sizeof one->arguments);
    one->path[0][0] = one->path[1][0] = 0;
    int at = 0;
    for (const char *shape = call->shape; *shape; shape++) {
        char *path = one->path[shape - call->shape];
        if (*shape == 'd' || *shape == 'N') descriptor(one->id, (int)one->arguments[at++], path);
        else if (*shape == 'p') named(one->id, AT_FDCWD, one->arguments[at++], path);
        else if (*shape == 'a') {
            named(one->id, (int)one->arguments[at], one->arguments[at + 1], path);
            at += 2;
        }
    }
    int opens = call->number == SYS_openat || call->number == SYS_open;
    one->flags = (int)one->arguments[call->number == SYS_openat ? 2 : 1];
    int creates = opens && (one->flags & O_CREAT || (one->flags & O_TMPFILE) == O_TMPFILE);
    one->name = creates || call->number == SYS_creat ? "create" : call->name;
    int is_network = *call->shape == 'n' || *call->shape == 'N' || !strncmp(one->path[0], "socket:", 7);
    int is_file = !folder_count || is_watched(one->path[0]) || is_watched(one->path[1]);
    if (!(is_file || (with_network && is_network)) || !is_listed(one->name)) return 0;
    one->call = call;
    one->number = ++count;
    if (mode == LIST || mode == RECORD) return 1;
    if (one->number != target && !(and_later && one->number > target)) return 0;
    if (mode == KILL_ENTRY) {
        fprintf(out, "%ld\t%s\t%s\t%s\tkilled\n", one->number, one->name, one->path[0], one->path[1]);
        skip(one->id);
        kill(program, SIGKILL);
        return 0;
    }
    if (mode == ERROR && call->number != SYS_close) skip(one->id);
    if (mode == SHORT) halve(one->id, one->arguments[2]);
    return 1;
}

/* What a call has changed: inode, offset, bytes or new end. */
static void details(const struct thread *one, long long result) {
    char path[64], line[256];
    struct stat status = {0};
    long long offset = 0;
    unsigned number = one->call->number;
    int is_new = !strcmp(one->name, "create"), is_write = number == SYS_write || number == SYS_pwrite64;
    int file = is_new ? (int)result : (int)one->arguments[0];
    if (*one->call->shape == 'd' || is_new) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", one->id, file);
        stat(path, &status);
    } else if (one->path[1][0]) lstat(one->path[1], &status);
    if (number == SYS_write) { /* from where it ended, so that appending needs no rule of its own */
        snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", one->id, file);
        FILE *info = fopen(path, "r");
        while (info && fgets(line, sizeof line, info) && sscanf(line, "pos: %lld", &offset) != 1);
        if (info) fclose(info);
        offset -= result;
    } else if (number == SYS_pwrite64) offset = (long long)one->arguments[3];
    else if (is_new) offset = one->flags;
    fprintf(out, "\t%llu\t%lld\t", (unsigned long long)status.st_ino, offset);
    if (number == SYS_fallocate) fprintf(out, "%llu", (unsigned long long)(one->arguments[2] + one->arguments[3]));
    else if (number == SYS_ftruncate) fprintf(out, "%llu", (unsigned long long)one->arguments[1]);
    else if (is_write && result > 0) {
        unsigned char *bytes = malloc((size_t)result);
        struct iovec here = {bytes, (size_t)result}, there = {(void *)one->arguments[1], (size_t)result};
        if (!bytes || process_vm_readv(one->id, &here, 1, &there, 1, 0) != result) err(125, "what was written");
        for (long long index = 0; index < result; index++) fprintf(out, "%02x", bytes[index]);
        free(bytes);
    }
}

static void leave(struct thread *one, long long result, pid_t program) {
    if (!one->call) return;
    if (mode == ERROR) answer(one->id, result = -error_number);
    fprintf(out, "%ld\t%s\t%s\t%s\t%lld", one->number, one->name, one->path[0], one->path[1], result);
    if (mode == RECORD) details(one, result);
    fputc('\n', out);
    if (mode == KILL_EXIT) kill(program, SIGKILL);
    one->call = NULL;
}

/* Has the kernel stop this process, and what comes of it, at the calls of the table. */
static void stop_at_calls(void) {
    struct sock_filter code[2 * CALLS + 4] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 0, 2 * CALLS + 1),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    for (int index = 0; index < CALLS; index++) {
        code[3 + 2 * index] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[index].number, 0, 1);
        code[4 + 2 * index] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    }
    code[2 * CALLS + 3] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {2 * CALLS + 4, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) _exit(126);
}

/* Follows the program to its end; returns its status. */
static int trace(pid_t program) {
    int status, is_running = 0;
    waitpid(program, &status, 0);
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL;
    if (!WIFSTOPPED(status) || ptrace(PTRACE_SETOPTIONS, program, 0, options)) errx(125, "it cannot be traced");
    ptrace(PTRACE_CONT, program, 0, 0);
    for (pid_t id; (id = waitpid(-1, &status, __WALL)) > 0;) {
        if (!WIFSTOPPED(status)) {
            find(id)->id = 0;
            if (id == program) break;
            continue;
        }
        int number = WSTOPSIG(status), event = status >> 16, is_awaited = 0;
        struct __ptrace_syscall_info info;
        is_running |= event == PTRACE_EVENT_EXEC;
        if (is_running && ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) > 0) {
            if (event == PTRACE_EVENT_SECCOMP) is_awaited = enter(find(id), &info, program);
            else if (number == (SIGTRAP | 0x80)) leave(find(id), info.exit.rval, program);
        }
        /* Events, and a new thread's first stop, are not signals to be passed on. */
        int is_signal = !event && number != SIGSTOP && number != (SIGTRAP | 0x80);
        ptrace(is_awaited ? PTRACE_SYSCALL : PTRACE_CONT, id, 0, is_signal ? number : 0);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv) {
    static const char *modes[] = {"list", "kill-entry", "kill-exit", "error", "short", "record"};
    for (int option; (option = getopt(argc, argv, "+o:w:nc:")) != -1;) {
        if (option == 'o') out = fopen(optarg, "we");
        else if (option == 'w' && folder_count < 16) folders[folder_count++] = optarg;
        else if (option == 'n') with_network = 1;
        else if (option == 'c') names = optarg;
        else errx(125, "wrong option");
    }
    argv += optind;
    if (!out) err(125, "-o FILE");
    for (mode = LIST; *argv && mode < 6 && strcmp(modes[mode], *argv);) mode++;
    if (!*argv++ || mode == 6) errx(125, "which mode?");
    if (mode != LIST && mode != RECORD) {
        char *rest = "";
        if (!*argv || (target = strtol(*argv++, &rest, 10)) < 1) errx(125, "which call?");
        and_later = *rest == '+';
        const char *error = mode == ERROR ? *argv++ : NULL;
        for (int number = 1; error && number < 134; number++)
            if (strerrorname_np(number) && !strcmp(strerrorname_np(number), error)) error_number = number;
        if (mode == ERROR && !error_number) errx(125, "which error?");
    }
    if (*argv && !strcmp(*argv, "--")) argv++;
    if (!*argv) errx(125, "which program?");
    pid_t program = fork();
    if (!program) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        stop_at_calls();
        raise(SIGSTOP);
        execvp(*argv, argv);
        _exit(127);
    }
    int status = trace(program);
    if (fclose(out)) err(125, "the list");
    return status;
}
