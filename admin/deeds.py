"""The audit record in words: a sentence for each deed that is common. What is not here is shown as it was recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.accounts.team import ROLE_NAMES
from core.audit import AuditEntry
from core.collaborations.lifecycle import DECLINE_REASONS
from core.permissions import Role
from core.plugin_api.text import T, Text

DEEDS: Mapping[str, Text] = {
    "installation.set_up": T("Set up the installation"),
    "brand.create": T("Made the brand"),
    "brand.edit": T("Changed the brand"),
    "team.invite": T("Invited %(email)s to the team: %(role)s"),
    "team.join": T("Joined the team: %(role)s"),
    "team.role": T("Changed a role in the team to: %(role)s"),
    "team.remove": T("Took somebody out of the team"),
    "person.reset_password": T("Chose a new password"),
    "person.add": T("Added an influencer"),
    "person.edit": T("Changed what is known of an influencer"),
    "person.channel": T("Changed a channel of an influencer"),
    "person.channel_removed": T("Removed a channel of an influencer"),
    "person.asked": T("Asked the platform about an account of an influencer"),
    "person.archive": T("Archived an influencer"),
    "person.restore": T("Brought an influencer back from the archive"),
    "person.note_removed": T("Removed a note about an influencer"),
    "person.vet": T("Recorded the vetting of an influencer"),
    "people.import": T("Imported influencers from %(file)s: %(new)s new, %(changed)s changed"),
    "campaign.create": T("Made a campaign"),
    "campaign.launch": T("Launched the campaign"),
    "campaign.start": T("Started the campaign"),
    "campaign.pause": T("Paused the campaign"),
    "campaign.resume": T("Let the campaign go on"),
    "campaign.wrap_up": T("Began to wrap the campaign up"),
    "campaign.complete": T("Completed the campaign"),
    "campaign.archive": T("Archived the campaign"),
    "campaign.cancel": T("Cancelled the campaign: %(reason)s"),
    "campaign.basics": T("Changed the basics of the campaign"),
    "campaign.audience": T("Changed the audience of the campaign"),
    "campaign.brief": T("Changed the brief of the campaign: version %(version)s"),
    "campaign.deliverables": T("Changed the deliverables of the campaign"),
    "campaign.pay": T("Changed the pay of the campaign"),
    "campaign.budget": T("Changed the budget of the campaign"),
    "offer.send": T("Sent version %(number)s of an offer"),
    "offer.counter": T("Answered with version %(number)s of an offer"),
    "offer.accept": T("Accepted version %(number)s of an offer"),
    "offer.ask_room": T("Wanted to accept version %(number)s of an offer, but the budget had no room"),
    "offer.give_room": T("Told the influencer that the budget has room for version %(number)s of an offer"),
    "offer.decline": T("Declined version %(number)s of an offer: %(reason)s"),
    "offer.withdraw": T("Withdrew version %(number)s of an offer"),
    "offer.link": T("Made a new link for an invitation"),
    "invitation.claim": T("Took an invitation with their account"),
    "contract.write": T("Wrote contract %(number)s"),
    "contract.sign_brand": T("Signed the contract for the brand"),
    "contract.sign_influencer": T("Signed the contract as the influencer"),
    "collaboration.pause": T("Paused the collaboration: %(reason)s"),
    "collaboration.resume": T("Let the collaboration go on"),
    "collaboration.deliver": T("All of the collaboration is delivered"),
    "collaboration.complete": T("Completed the collaboration"),
    "collaboration.cancel": T("Cancelled the collaboration: %(reason)s"),
    "collaboration.leave": T("Left the collaboration: %(reason)s"),
    "collaboration.replace": T("Replaced the influencer: %(reason)s"),
    "content.submit": T("Sent in version %(version)s"),
    "content.withdraw": T("Took a version back"),
    "content.approved": T("Approved version %(version)s"),
    "content.approved_with_corrections": T("Approved version %(version)s with corrections"),
    "content.changes_requested": T("Asked for changes to version %(version)s"),
    "content.rejected": T("Rejected version %(version)s"),
    "content.waive": T("Waived the finding %(rule)s: %(reason)s"),
    "content.report": T("Reported a live post: %(url)s"),
    "content.correct": T("Corrected the address of a live post: %(url)s"),
    "content.verified": T("Verified a live post"),
    "content.mismatch": T("Found that a live post differs: %(remark)s"),
    "content.metrics": T("Entered figures of a live post"),
    "content.asked": T("Asked the platform for the ad label of a live post"),
    "sales.take": T("Took sales: %(sales)s new, %(refunds)s refunds"),
    "sale.credit": T("Credited order %(order)s: %(sold)s count for %(credited)s at %(rate)s, by %(source)s"),
    "sale.leave": T("Left order %(order)s out: %(reason)s"),
    "feed.ask": T("Asked %(source)s at once"),
    "sales_key.create": T("Made a key of the sales API: %(label)s"),
    "sales_key.rotate": T("Replaced the secret of a key of the sales API"),
    "sales_key.revoke": T("Revoked a key of the sales API"),
    "gift.address": T("Gave the address for a gift"),
    "gift.ship": T("Sent a gift"),
    "gift.receive": T("Received a gift"),
    "gift.miss": T("Said that a gift has not arrived"),
    "gift.return": T("Took a gift back"),
    "earning.incident": T("A plugin counts otherwise than before"),
    "earning.accept": T("Booked what the plugin counts now: %(reason)s"),
    "earning.keep": T("Kept what was booked: %(reason)s"),
    "earning.write_off": T("Wrote off what was paid too much: %(reason)s"),
    "payout_method.save": T("Saved their payment details"),
    "payout_run.prepare": T("Prepared a payout run"),
    "payout_run.approve": T("Approved a payout run"),
    "payout_run.cancel": T("Cancelled a payout run"),
    "payout_run.look": T("Did what the rail asked for"),
    "payout.sent": T("A payment was sent, with the reference %(reference)s"),
    "payout.failed": T("A payment failed: %(reason)s"),
    "payout.received": T("A payment was received"),
    "payout.arrived": T("A payment that was said to have failed had arrived"),
    "payout.looked_at": T("Looked at what a way of payment told"),
    "plugin.switched": T("Switched the plugin %(plugin)s on or off"),
    "plugin.set": T("Changed a setting of the plugin %(plugin)s: %(setting)s"),
    "plugin.renewed": T("The other side gave the plugin %(plugin)s a new secret: %(setting)s"),
    "plugin.resumed": T("Let the plugin %(plugin)s be asked again"),
    "plugin.forget": T("Asked the plugins to delete what they keep of an influencer"),
    "plugin.purged": T("Removed for good what the plugin %(plugin)s had left"),
}

GROUPS: Mapping[str, tuple[Text, tuple[str, ...]]] = {
    "people": (T("Influencers"), ("person", "people")),
    "campaigns": (T("Campaigns"), ("campaign",)),
    "collaborations": (T("Collaborations"), ("offer", "invitation", "contract", "collaboration")),
    "content": (T("Content"), ("content",)),
    "sales": (T("Sales"), ("sales", "sale", "sales_key", "feed", "gift")),
    "payouts": (T("Payouts"), ("earning", "payout", "payout_run", "payout_method")),
    "team": (T("Team"), ("team",)),
    "settings": (T("Settings"), ("installation", "brand", "plugin")),
}
"""What the record can be filtered by: a name, and what its deeds begin with."""

_PARAMS = re.compile(r"%\((\w+)\)s")


def told(entry: AuditEntry) -> tuple[Text | None, dict[str, Any]]:
    """The sentence of a deed, None for one without, and what it leaves of the details.

    A sentence that names what the record does not have, since it was erased or never there, is not told.
    """
    detail = dict(entry.detail or {})
    sentence = DEEDS.get(entry.action)
    if sentence is None or not (named := set(_PARAMS.findall(sentence.msgid))) <= detail.keys():
        return None, detail
    params = {name: _shown(entry.action, name, detail.pop(name)) for name in named}
    return Text(sentence.msgid, params), detail


def _shown(action: str, name: str, value: Any) -> Any:
    """What is recorded as a name of the program is shown in words."""
    if name == "role" and value in list(Role):
        return ROLE_NAMES[Role(value)]
    return DECLINE_REASONS.get(value, value) if action == "offer.decline" and name == "reason" else value
