#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

void clinux_forbid_dumps(void) { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int64_t clinux_mount_id(int descriptor) {
    struct statx status;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) || !(status.stx_mask & STATX_MNT_ID)) return -1;
    return (int64_t)status.stx_mnt_id;
}

int clinux_is_in_memory(const char *path) {
    struct statfs status;
    if (statfs(path, &status)) return 0;
    return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}

void clinux_free(void *memory) {
    if (!memory) return;
    explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

void *clinux_realloc(void *memory, size_t size) {
    if (!memory) return malloc(size);
    void *moved = malloc(size);
    if (!moved) return NULL;
    size_t old = malloc_usable_size(memory);
    memcpy(moved, memory, old < size ? old : size);
    clinux_free(memory);
    return moved;
}

__attribute__((noinline)) void clinux_wipe_traces(void) {
    char below[32768];
    explicit_bzero(below, sizeof below);
    // Zeros, by the way that the C library takes for every copy: up to eight registers of 16, 32 or 64 bytes.
    void *(*volatile copy)(void *, const void *, size_t) = memmove;
    for (size_t size = 128; size <= 512; size *= 2) copy(below, below + 1024, size);
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx")) {
        __asm__ volatile("vzeroall" ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                         "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory");
    }
#endif
}
