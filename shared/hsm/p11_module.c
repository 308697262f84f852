#include "hsm/p11_module.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

static bool
check_file(const char *path, struct err *e)
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

/* The proxy is libp11-kit itself: one object holds both functions. */
static bool
is_proxy(void *library, void *entry)
{
	void *loader = dlsym(library, "p11_kit_modules_load");
	Dl_info of_loader, of_entry;

	return loader != NULL && dladdr(loader, &of_loader) != 0 &&
	       dladdr(entry, &of_entry) != 0 &&
	       of_loader.dli_fbase == of_entry.dli_fbase;
}

bool
p11_load(const char *path, CK_FUNCTION_LIST **out, struct err *e)
{
	CK_C_GetFunctionList get = NULL;
	CK_FUNCTION_LIST *list = NULL;
	void *library, *entry;

	if (!check_file(path, e))
		return false;
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "%s", dlerror());
	entry = dlsym(library, "C_GetFunctionList");
	if (entry == NULL)
		return ERR_SET(e, ERR_FATAL, "hsm", 0,
			       "%s: no C_GetFunctionList", path);
	if (is_proxy(library, entry))
		return ERR_SET(e, ERR_FATAL, "hsm", 0,
			       "%s: p11-kit-proxy hides which module answers; "
			       "name the module itself",
			       path);
	memcpy(&get, &entry, sizeof(get)); /* POSIX dlsym(3), rationale */
	if (get(&list) != CKR_OK || list == NULL || list->version.major != 2)
		return ERR_SET(e, ERR_FATAL, "hsm", 0,
			       "%s: not PKCS#11 version 2", path);
	*out = list;
	return true;
}
