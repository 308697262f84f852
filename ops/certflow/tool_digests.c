#include "tool_digests.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool
file_sha256(const char *path, uint8_t out[SHA256_LEN], struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *at = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
			  0);
	if (at == MAP_FAILED) {
		int why = errno;

		if (fd >= 0)
			(void)close(fd);
		return ERR_SET(e, ERR_FATAL, "certflow", why, "read %s: %s",
			       path, strerror(why));
	}
	sha256(bytes_of(at, (size_t)st.st_size), out);
	(void)munmap(at, (size_t)st.st_size);
	(void)close(fd);
	return true;
}

static bool
add(json_t *list, const char *path, struct err *e)
{
	char hex[2 * SHA256_LEN + 1];
	uint8_t digest[SHA256_LEN];

	if (!file_sha256(path, digest, e))
		return false;
	hex_encode(bytes_of(digest, SHA256_LEN), hex);
	return json_array_append_new(list, json_pack("{s:s,s:s}", "path", path,
						     "sha256", hex)) == 0 ||
	       ERR_NO_MEMORY(e);
}

static bool
is_listed(const json_t *list, const char *path)
{
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "path")),
			   path) == 0)
			return true;
	}
	return false;
}

/* proc(5): address perms offset dev inode path; the program itself and its
 * libraries are what is mapped to be executed. */
bool
tool_digests(json_t *list, const char *module, struct err *e)
{
	AUTO(file) FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128];

	if (maps == NULL)
		return ERR_SET(e, ERR_FATAL, "certflow", errno,
			       "/proc/self/maps: %s", strerror(errno));
	while (fgets(line, sizeof(line), maps) != NULL) {
		char *path = strchr(line, '/');
		const char *perms = strchr(line, ' ');

		if (path == NULL || perms == NULL || perms[3] != 'x')
			continue;
		path[strcspn(path, "\n")] = '\0';
		if (!is_listed(list, path) && !add(list, path, e))
			return false;
	}
	return is_listed(list, module) || add(list, module, e);
}
