#include "hsm/p11_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * pkcs11-spy works under any file name, but always looks at the environment
 * variable PKCS11SPY, whose name is therefore somewhere in its file.
 */
static bool
is_spy(int fd, off_t size)
{
	static const char mark[] = "PKCS11SPY";
	void *text = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	bool found;

	if (text == MAP_FAILED)
		return true; /* what cannot be looked at is not used */
	found = memmem(text, (size_t)size, mark, sizeof(mark) - 1) != NULL;
	munmap(text, (size_t)size);
	return found;
}

bool
p11_file_check(const char *path, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool spy;

	if (fd < 0)
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "%s: %s", path,
			       strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > P11_MODULE_FILE_MAX) {
		close(fd);
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "%s: not a library",
			       path);
	}
	spy = is_spy(fd, st.st_size);
	close(fd);
	if (spy)
		return ERR_SET(e, ERR_FATAL, "hsm", 0,
			       "%s: pkcs11-spy writes PINs to its trace; name "
			       "the module itself",
			       path);
	return true;
}
