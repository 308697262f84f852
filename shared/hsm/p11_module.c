#include "hsm/p11_module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "hsm/p11_file.h"

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

	if (!p11_file_check(path, e))
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
