/* Preloaded into the server: once the file named by FAIL_FSYNC_WHEN exists, every fsync
 * answers EIO, as a dying disk does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int broken(void) {
    const char *when = getenv("FAIL_FSYNC_WHEN");
    return when != NULL && access(when, F_OK) == 0;
}

static int call(const char *name, int fd) {
    if (broken()) {
        errno = EIO;
        return -1;
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(fd);
}

int fsync(int fd) { return call("fsync", fd); }
int fdatasync(int fd) { return call("fdatasync", fd); }

int sync_file_range(int fd, off_t offset, off_t count, unsigned int flags) {
    if (broken()) {
        errno = EIO;
        return -1;
    }
    int (*real)(int, off_t, off_t, unsigned int) = dlsym(RTLD_NEXT, "sync_file_range");
    return real(fd, offset, count, flags);
}
