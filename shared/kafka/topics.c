#include "kafka/topics.h"

#define DAYS_30 "2592000000"
#define DAYS_90 "7776000000"
#define DAYS_100 "8640000000"
#define HOURS_24 "86400000"

/* A message of 5 MB must reach the registrar, which answers TOO_LARGE and
 * moves it, with some more headers, to misrouted or dead letters. */
#define INBOX_MAX "8388608"
#define PASSED_ON_MAX "9437184"
#define LOG_MAX "1048588"

#define INBOX(inbox, who)                                                      \
	{                                                                      \
		.name = KAFKA_TOPIC_INBOX_##inbox,                             \
		.configs = { { "cleanup.policy", "delete", 0 },                \
			     { "retention.ms", DAYS_90, 0 },                   \
			     { "max.message.bytes", INBOX_MAX, 0 } },          \
		.carries = who,                                                \
	}

static const struct kafka_topic topics[] = {
	INBOX(EINVOICE, "events of the e-invoice portal"),
	INBOX(OFFICER, "events of the officers' portal"),
	INBOX(MANAGER, "events of the managers' portal"),
	INBOX(KEYGEN, "outcomes of key generation"),
	INBOX(ISSUER, "outcomes of issuing"),
	INBOX(ACTIVATOR, "outcomes of activation"),
	{ .name = KAFKA_TOPIC_INBOX_MISROUTED,
	  .configs = { { "cleanup.policy", "delete", 0 },
		       { "retention.ms", DAYS_90, 0 },
		       { "max.message.bytes", PASSED_ON_MAX, 0 } },
	  .carries = "messages found in a wrong partition, sent on once" },
	{ .name = KAFKA_TOPIC_EVENTS,
	  .configs = { { "cleanup.policy", "delete", 0 },
		       { "retention.ms", "-1", 0 },
		       { "retention.bytes", "-1", 0 },
		       { "max.message.bytes", LOG_MAX, 0 },
		       /* alone, acknowledged must mean on disk */
		       { "flush.messages", "1", 1 } },
	  .carries = "the log: every admitted event" },
	/* longer than any message whose decision it proves */
	{ .name = KAFKA_TOPIC_OUTCOMES,
	  .configs = { { "cleanup.policy", "delete", 0 },
		       { "retention.ms", DAYS_100, 0 } },
	  .carries = "the fate of each inbox message" },
	{ .name = KAFKA_TOPIC_DEAD_LETTERS,
	  .configs = { { "cleanup.policy", "delete", 0 },
		       { "retention.ms", DAYS_30, 0 },
		       { "max.message.bytes", PASSED_ON_MAX, 0 } },
	  .carries = "messages that cannot be read" },
	{ .name = KAFKA_TOPIC_PERSONAL,
	  .configs = { { "cleanup.policy", "compact", 0 },
		       { "segment.ms", HOURS_24, 0 },
		       { "max.compaction.lag.ms", HOURS_24, 0 },
		       { "delete.retention.ms", HOURS_24, 0 } },
	  .carries = "personal data of legal representatives, erasable" },
	{ .name = KAFKA_TOPIC_SCHEMAS,
	  .partitions = 1,
	  .configs = { { "cleanup.policy", "compact", 0 } },
	  .carries = "schema texts by id" },
	{ .name = KAFKA_TOPIC_OPERATIONS,
	  .partitions = 1,
	  .configs = { { "cleanup.policy", "delete", 0 },
		       { "retention.ms", "-1", 0 },
		       { "retention.bytes", "-1", 0 } },
	  .carries = "replays, redrives, ceremonies, audit anomalies" },
};

/* Of every broker; some only where there are several. */
static const struct kafka_topic_config broker_configs[] = {
	{ "min.insync.replicas", "2", -1 },
	{ "default.replication.factor", "3", -1 },
	{ "offsets.topic.replication.factor", "3", -1 },
	{ "transaction.state.log.replication.factor", "3", -1 },
	{ "transaction.state.log.min.isr", "2", -1 },
	{ "broker.session.timeout.ms", "6000", -1 },
	{ "unclean.leader.election.enable", "false", 0 },
	{ "auto.create.topics.enable", "false", 0 },
	{ "offsets.retention.minutes", "129600", 0 },
	{ "transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000",
	  0 },
};

const struct kafka_topic *
kafka_topics(size_t *count)
{
	*count = sizeof(topics) / sizeof(topics[0]);
	return topics;
}

const struct kafka_topic_config *
kafka_broker_configs(size_t *count)
{
	*count = sizeof(broker_configs) / sizeof(broker_configs[0]);
	return broker_configs;
}
