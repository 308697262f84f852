#include "live.h"

#include <pthread.h>
#include <string.h>

TestSuite(transactions, .timeout = SECONDS);

Test(transactions, committed_is_read_aborted_is_not_and_markers_are_passed)
{
	struct member m = { 0 };
	struct kafka_partition in = { INBOX, 0, 0 };
	struct kafka_txn *t = open_txn("live-markers");
	int64_t from = end_of(LOG, 0);
	char got[64];

	put(INBOX, 0, "x");
	join_as(&m, NULL, 0, 0);
	in.offset = end_of(INBOX, 0);
	send_log(t, 0, "A");
	wait_beyond(0, from);
	OK(kafka_txn_abort(t, MS, &e));
	send_log(t, 0, "B");
	OK(kafka_txn_commit(t, &in, 1, m.group, MS, &e));
	cr_expect_eq(committed(&m), in.offset, "offset went with it");
	send_log(t, 0, "C");
	wait_beyond(0, from + 4);
	OK(kafka_txn_abort(t, MS, &e));
	/* the last offsets are an aborted record and its marker, which the
	 * broker writes after it has answered */
	wait_beyond(0, from + 5);
	cr_expect_eq(end_of(LOG, 0), from + 6);
	OK(read_log(0, from, end_of(LOG, 0), MS, got));
	cr_expect_str_eq(got, "B");
	kafka_txn_close(t);
	leave(&m);
}

Test(transactions, open_transaction_is_waited_for)
{
	struct kafka_txn *t = open_txn("live-open");
	const struct kafka_record r = { .topic = LOG,
					.partition = 1,
					.value = bytes_of_str("open") };
	int64_t from = end_of(LOG, 1);
	char got[64];

	OK(kafka_txn_begin(t, &e));
	OK(kafka_txn_send(t, &r, &e));
	OK(kafka_txn_push(t, &e));
	wait_beyond(1, from);
	cr_expect_not(read_log(1, from, end_of(LOG, 1), 1500, got));
	cr_expect_eq(e.kind, ERR_RETRY);
	/* a successor with the same id ends it at once */
	kafka_txn_close(open_txn("live-open"));
	OK(read_log(1, from, end_of(LOG, 1), MS, got));
	cr_expect_str_eq(got, "");
	kafka_txn_close(t);
}

Test(transactions, zombie_producer_is_fenced_for_good)
{
	struct member m = { 0 };
	struct kafka_partition in = { INBOX, 2, 0 };
	struct kafka_txn *zombie = open_txn("live-zombie");
	struct kafka_txn *heir;
	int64_t from = end_of(LOG, 2);
	char got[64];

	join_as(&m, NULL, 2, 0);
	send_log(zombie, 2, "zombie");
	heir = open_txn("live-zombie");
	send_log(heir, 2, "heir");
	OK(kafka_txn_commit(heir, &in, 1, m.group, MS, &e));
	cr_expect_not(kafka_txn_commit(zombie, &in, 1, m.group, MS, &e));
	cr_expect_eq(e.kind, ERR_FATAL, "%s", e.text);
	cr_expect(kafka_err_is_fenced(&e), "%s", e.text);
	OK(read_log(2, from, end_of(LOG, 2), MS, got));
	cr_expect_str_eq(got, "heir");
	kafka_txn_close(zombie);
	kafka_txn_close(heir);
	leave(&m);
}

Test(transactions, two_producers_in_turn_and_both_are_fenced)
{
	struct member m = { 0 };
	struct kafka_partition in = { INBOX, 3, 0 };
	struct kafka_txn *t[] = { open_txn("live-turn-a"),
				  open_txn("live-turn-b") };
	struct kafka_txn *heir[2];
	int64_t from = end_of(LOG, 3);
	char got[64];

	join_as(&m, NULL, 3, 0);
	for (int i = 0; i < 10; i++) {
		send_log(t[i % 2], 3, (char[]){ (char)('0' + i), '\0' });
		in.offset = i + 1;
		OK(kafka_txn_commit(t[i % 2], &in, 1, m.group, MS, &e));
	}
	OK(read_log(3, from, end_of(LOG, 3), MS, got));
	cr_expect_str_eq(got, "0123456789");
	cr_expect_eq(committed(&m), 10);
	heir[0] = open_txn("live-turn-a");
	heir[1] = open_txn("live-turn-b");
	for (int i = 0; i < 2; i++) {
		OK(kafka_txn_begin(t[i], &e));
		cr_expect_not(kafka_txn_commit(t[i], &in, 1, m.group, MS, &e));
		cr_expect(kafka_err_is_fenced(&e), "%s", e.text);
		kafka_txn_close(t[i]);
		kafka_txn_close(heir[i]);
	}
	leave(&m);
}

static void *
join_later(void *other)
{
	join_as(other, NULL, 4, 0);
	return NULL;
}

Test(transactions, metadata_of_a_former_assignment_cannot_commit)
{
	struct member m = { 0 };
	struct member other = { 0 };
	struct kafka_partition in = { INBOX, 4, 1 };
	struct kafka_txn *t = open_txn("live-former");
	AUTO(kafka_batch) struct kafka_batch *b = NULL;
	pthread_t thread;
	unsigned epoch;

	join_as(&m, NULL, 4, 0);
	strcpy(other.name, m.name);
	epoch = kafka_consumer_epoch(m.c);
	/* a second member joins while the first one polls: new generation */
	cr_assert_eq(pthread_create(&thread, NULL, join_later, &other), 0);
	while (kafka_consumer_epoch(m.c) < epoch + 2) {
		OK(kafka_consumer_poll(m.c, 10, 100, &b, &e));
		kafka_batch_free(TAKE(b));
	}
	send_log(t, 4, "late");
	cr_expect_not(kafka_txn_commit(t, &in, 1, m.group, 5000, &e));
	cr_expect_eq(e.kind, ERR_RETRY, "%s", e.text);
	OK(kafka_txn_abort(t, MS, &e));
	kafka_txn_close(t);
	(void)pthread_join(thread, NULL);
	leave(&other);
	leave(&m);
}

Test(transactions, what_was_left_is_ended_beside_a_running_group)
{
	struct member m = { 0 };
	struct kafka_partition in = { INBOX, 5, 7 };
	const struct kafka_partition any = { INBOX, 0, 0 };
	const struct kafka_partition log = { LOG, 5, 0 };
	struct kafka_txn *zombie = open_txn("live-drop");
	struct kafka_txn *t;

	join_as(&m, NULL, 5, 0);
	OK(kafka_txn_begin(zombie, &e));
	OK(kafka_txn_commit(zombie, &in, 1, m.group, MS, &e));
	t = open_txn("live-drop");
	OK(kafka_txn_end_former(t, m.name, &any, &log, 1, MS, &e));
	cr_expect_eq(committed(&m), 7, "what was committed stays");
	cr_expect_not(
		kafka_txn_end_former(zombie, m.name, &any, &log, 1, MS, &e));
	cr_expect(kafka_err_is_fenced(&e), "%s", e.text);
	/* the member is what it was, and so is the producer */
	in.offset = 8;
	OK(kafka_txn_begin(t, &e));
	OK(kafka_txn_commit(t, &in, 1, m.group, MS, &e));
	cr_expect_eq(committed(&m), 8);
	kafka_txn_close(zombie);
	kafka_txn_close(t);
	leave(&m);
}
