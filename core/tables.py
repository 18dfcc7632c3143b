"""Imports every room's tables, so that the metadata is whole."""

from __future__ import annotations

import core.accounts.models
import core.audit
import core.campaigns.models
import core.collaborations.models
import core.content.models
import core.earnings.models
import core.feeds.models
import core.files
import core.influencers.models
import core.ledger.models
import core.lifecycle
import core.mail
import core.outbox
import core.payouts.models
import core.plugin_host.models
import core.tracking.models  # noqa: F401
