// libFuzzer's entry, around the targets of this folder: it counts the bytes that an input has allocated at once, and ends the
// program, which is a finding, when they are more than 64 MiB. Scripts/fuzz compiles it.
#include <sanitizer/allocator_interface.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void tokenkeep_fuzz(const uint8_t *data, size_t size);

static const long limit = 64L << 20;
static bool is_counting;
static atomic_long allocated;
static long most;

static void on_allocation(const volatile void *memory, size_t size) {
    (void)memory;
    if (!is_counting) return;
    long now = atomic_fetch_add(&allocated, (long)size) + (long)size;
    if (now > most) most = now;
    if (now <= limit) return;
    is_counting = false;
    fprintf(stderr, "an input has more than 64 MiB allocated at once\n");
    abort();
}

static void on_release(const volatile void *memory) {
    if (is_counting && memory) atomic_fetch_sub(&allocated, (long)__sanitizer_get_allocated_size(memory));
}

static void tell(void) { fprintf(stderr, "stat::most_allocated_bytes:     %ld\n", most); }

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    __sanitizer_install_malloc_and_free_hooks(on_allocation, on_release);
    return atexit(tell);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    atomic_store(&allocated, 0);
    is_counting = true;
    tokenkeep_fuzz(data, size);
    is_counting = false;
    return 0;
}
