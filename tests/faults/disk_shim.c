/* A disk that tells: every write, truncation, removal and sync below DISK_FOLDER is logged, in order, to DISK_LOG, so
   that a test can rebuild what a power cut would have left. While the file DISK_TROUBLE exists, nothing can be written
   below DISK_FOLDER: the number in it is the errno, or negative, and then whoever writes hangs. LD_PRELOAD; SQLite's shared memory (-shm) is left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPENED, WRITTEN, CUT, SYNCED, REMOVED };
#define MOST 1024
static char *names[MOST];
static int named, of_fd[MOST];          /* 1 + the file's number; 0: not ours */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name, ...) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

static int refused(void) {
    const char *path = getenv("DISK_TROUBLE");
    FILE *file;
    int number = 0;
    if (!path || access(path, F_OK) || !(file = fopen(path, "r"))) return 0;
    if (fscanf(file, "%d", &number) != 1) number = 0;
    fclose(file);
    if (number < 0) {
        usleep(100000);
        return refused();
    }
    errno = number;
    return number;
}

static void tell(uint32_t what, uint32_t file, uint64_t at, const void *data, uint64_t length) {
    static int log = -1;
    uint64_t head[4] = { what, file, at, length };
    struct iovec parts[2] = { { head, sizeof head }, { (void *) data, data ? length : 0 } };
    if (log < 0 && getenv("DISK_LOG")) log = REAL(open, getenv("DISK_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log >= 0 && writev(log, parts, 2) < 0) abort();
}

static int file_of(const char *path) {
    const char *folder = getenv("DISK_FOLDER");
    size_t n = strlen(path);
    if (!folder || strncmp(path, folder, strlen(folder)) || (n > 4 && !strcmp(path + n - 4, "-shm"))) return 0;
    for (int i = 0; i < named; i++) if (!strcmp(names[i], path)) return i + 1;
    names[named] = strdup(path);
    tell(OPENED, named, 0, path, n);
    return ++named;
}

static int opened(int fd, const char *path) {
    if (fd < 0 || fd >= MOST) return fd;
    pthread_mutex_lock(&lock);
    of_fd[fd] = file_of(path);
    pthread_mutex_unlock(&lock);
    return fd;
}

#define OPEN(name) \
int name(const char *path, int flags, ...) { \
    va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
    if ((flags & O_CREAT) && access(path, F_OK) && file_of(path) && refused()) return -1; \
    return opened(REAL(name, path, flags, mode), path); }
OPEN(open)
OPEN(open64)

static int ours(int fd) { return fd >= 0 && fd < MOST ? of_fd[fd] : 0; }

#define WRITE(name, parameters, call, where) \
ssize_t name parameters { \
    if (!ours(fd)) return call; \
    if (refused()) return -1; \
    pthread_mutex_lock(&lock); \
    uint64_t at = where; \
    ssize_t done = call; \
    if (done > 0) tell(WRITTEN, of_fd[fd] - 1, at, data, done); \
    pthread_mutex_unlock(&lock); \
    return done; }
WRITE(write, (int fd, const void *data, size_t n), REAL(write, fd, data, n), lseek(fd, 0, SEEK_CUR))
WRITE(pwrite, (int fd, const void *data, size_t n, off_t to), REAL(pwrite, fd, data, n, to), to)
WRITE(pwrite64, (int fd, const void *data, size_t n, off64_t to), REAL(pwrite64, fd, data, n, to), to)

#define CHANGE(name, parameters, call, what, at) \
int name parameters { \
    if (!ours(fd)) return call; \
    if (refused()) return -1; \
    pthread_mutex_lock(&lock); \
    int done = call; \
    if (!done) tell(what, of_fd[fd] - 1, at, NULL, 0); \
    pthread_mutex_unlock(&lock); \
    return done; }
CHANGE(ftruncate, (int fd, off_t to), REAL(ftruncate, fd, to), CUT, to)
CHANGE(ftruncate64, (int fd, off64_t to), REAL(ftruncate64, fd, to), CUT, to)
CHANGE(fsync, (int fd), REAL(fsync, fd), SYNCED, 0)
CHANGE(fdatasync, (int fd), REAL(fdatasync, fd), SYNCED, 0)

int unlink(const char *path) {
    pthread_mutex_lock(&lock);
    int file = file_of(path), done = REAL(unlink, path);
    if (file && !done) tell(REMOVED, file - 1, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int close(int fd) {
    if (fd >= 0 && fd < MOST) of_fd[fd] = 0;
    return REAL(close, fd);
}
