"""Brings topics, tables and schemas to what this version of the project
needs. Every step can be repeated."""

import migrations
import schemas
import topics


def topics_and_tables(home):
    topics.create(home)
    migrations.deploy(home)


def schema_registry(home):
    schemas.deploy(home)
