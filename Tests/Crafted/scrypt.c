// Stands before libcrypto's scrypt in a program that is run with LD_PRELOAD, and notes each call: one byte more in the
// file that CALLS names.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

int EVP_PBE_scrypt(const char *pass, size_t passlen, const unsigned char *salt, size_t saltlen, uint64_t N, uint64_t r,
                   uint64_t p, uint64_t maxmem, unsigned char *key, size_t keylen) {
    int file = open(getenv("CALLS"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    // A call that cannot be noted must not look like none.
    if (file < 0 || write(file, "s", 1) != 1) abort();
    close(file);
    int (*real)(const char *, size_t, const unsigned char *, size_t, uint64_t, uint64_t, uint64_t, uint64_t,
                unsigned char *, size_t) = dlsym(RTLD_NEXT, "EVP_PBE_scrypt");
    return real(pass, passlen, salt, saltlen, N, r, p, maxmem, key, keylen);
}
