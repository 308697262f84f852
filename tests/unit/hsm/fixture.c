#include "fixture.h"

#include <criterion/criterion.h>
#include <criterion/options.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

static const char *const labels[] = { "customer-1", "customer-2",
				      "customer-3" };

/* One test at a time: Criterion 2.4.1 loses track of a worker when several
 * end together, which the leak checker reports as ours. */
__attribute__((constructor)) static void
one_at_a_time(void)
{
	criterion_options.jobs = 1;
}

static void
run(const char *command)
{
	cr_assert_eq(system(command), 0, "%s", command);
}

static void
write_text(const char *path, const char *text, unsigned mode)
{
	struct err e;

	cr_assert(file_write(path, bytes_of_str(text), mode, &e), "%s", e.text);
}

void
fixture_pin(struct fixture *f, const char *pin)
{
	write_text(f->pin_file, pin, 0600);
}

static void
configure(struct fixture *f)
{
	char path[160], text[256];

	snprintf(path, sizeof(path), "%s/tokens", f->dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	snprintf(text, sizeof(text),
		 "directories.tokendir = %s\nobjectstore.backend = file\n"
		 "log.level = ERROR\nslots.removable = false\n",
		 path);
	snprintf(path, sizeof(path), "%s/softhsm2.conf", f->dir);
	write_text(path, text, 0600);
	setenv("SOFTHSM2_CONF", path, 1);
}

void
fixture_init(struct fixture *f, size_t tokens)
{
	char command[256];

	memset(f, 0, sizeof(*f));
	strcpy(f->dir, "/tmp/certflow-hsm-XXXXXX");
	cr_assert_not_null(mkdtemp(f->dir));
	snprintf(f->pin_file, sizeof(f->pin_file), "%s/pin", f->dir);
	snprintf(f->record, sizeof(f->record), "%s/pin.refused", f->dir);
	fixture_pin(f, PIN "\n");
	configure(f);
	for (size_t i = 0; i < tokens; i++) {
		f->tokens[i] = labels[i];
		snprintf(command, sizeof(command),
			 "softhsm2-util --init-token --free --label %s "
			 "--so-pin 135790 --pin " PIN " >/dev/null",
			 labels[i]);
		run(command);
	}
	f->settings = (struct hsm_settings){
		.module = MODULE,
		.tokens = f->tokens,
		.token_count = tokens,
		.pin_file = f->pin_file,
		.refused_pin_file = f->record,
		.threads = 4,
		.check_every_us = INT64_C(60000000),
	};
}

void
fixture_remove(struct fixture *f)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	run(command);
}

struct hsm *
fixture_open(struct fixture *f)
{
	struct hsm *h = NULL;
	struct err e = { 0 };

	cr_assert(hsm_open(&f->settings, &h, &e), "%s", e.text);
	cr_assert(hsm_wait_ready(h, READY_US, &e), "%s", e.text);
	return h;
}

struct hsm *
fixture_open_not_ready(struct fixture *f, int64_t for_us, struct err *e)
{
	int64_t until = clock_monotonic_us() + READY_US;
	struct hsm *h = NULL;

	cr_assert(hsm_open(&f->settings, &h, e), "%s", e->text);
	do
		cr_expect_not(hsm_wait_ready(h, INT64_C(20000), e));
	while (strstr(e->text, "being opened") != NULL &&
	       clock_monotonic_us() < until);
	cr_expect_not(hsm_wait_ready(h, for_us, e));
	return h;
}

CK_FUNCTION_LIST *
fixture_list(void)
{
	void *library = dlopen(MODULE, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get;
	CK_FUNCTION_LIST *list = NULL;
	void *entry;
	uintptr_t page;

	cr_assert_not_null(library, "%s", dlerror());
	entry = dlsym(library, "C_GetFunctionList");
	memcpy(&get, &entry, sizeof(get));
	cr_assert_eq(get(&list), CKR_OK);
	/* The list may lie in memory made read only after relocation. */
	page = (uintptr_t)list & ~(uintptr_t)(getpagesize() - 1);
	cr_assert_eq(mprotect((void *)page, 2 * (size_t)getpagesize(),
			      PROT_READ | PROT_WRITE),
		     0);
	return list;
}

void
fixture_id(uint8_t id[HSM_KEY_ID_LEN], uint8_t last)
{
	memset(id, 0x5a, HSM_KEY_ID_LEN);
	id[HSM_KEY_ID_LEN - 1] = last;
}

struct hsm_key
fixture_key(struct hsm *h, enum ev_key_algorithm algorithm, uint8_t last,
	    const char *label)
{
	uint8_t id[HSM_KEY_ID_LEN];
	struct hsm_key key;
	struct err e = { 0 };

	fixture_id(id, last);
	cr_assert(hsm_generate(h, 0, algorithm, id, label, &key, NULL, &e),
		  "%s", e.text);
	return key;
}
