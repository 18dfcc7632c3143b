"""The figures of a post as both faces ask for them."""

from __future__ import annotations

from core.content.lifecycle import METRIC_NAMES
from core.web.forms import BaseForm, WholeField


class CountsForm(BaseForm):
    """A count for each metric. An empty field is not known; it is not zero."""

    views = WholeField(METRIC_NAMES["views"], low=0)
    reach = WholeField(METRIC_NAMES["reach"], low=0)
    likes = WholeField(METRIC_NAMES["likes"], low=0)
    comments = WholeField(METRIC_NAMES["comments"], low=0)
    shares = WholeField(METRIC_NAMES["shares"], low=0)
    saves = WholeField(METRIC_NAMES["saves"], low=0)
    clicks = WholeField(METRIC_NAMES["clicks"], low=0)

    def figures(self) -> dict[str, int | None]:
        """The counts by metric."""
        return {name: self[name].data for name in METRIC_NAMES}
