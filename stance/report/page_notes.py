"""What the small print of a page's tables means, said once below each of them."""

from collections.abc import Sequence

from stance.comparison.result import BeforeAfter, CopyFacts, MixComparison, OutletMix

TELLING = 0.01  # a share with copies counted the other way is shown from this difference on


def corrected_outlets(mix: MixComparison) -> list[str]:
    """Return the outlets of a mix whose shares are corrected by hand labels."""
    return [o.outlet for o in mix.outlets if any(share.corrected for share in o.shares.values())]


def counted_otherwise(outlet: OutletMix, label: str, copies: CopyFacts) -> float | None:
    """Return a share with copies counted the other way, or None where that hardly matters."""
    other = outlet.other_counting.get(label)
    if other is None or not copies.groups:
        return None
    return other if abs(other - outlet.shares[label].counted.value) >= TELLING else None


def mix_note(mix: MixComparison, copies: CopyFacts) -> str:
    """Return what stands in the cells of a table of shares, as far as it does."""
    corrected = corrected_outlets(mix)
    shares = [(o, name, share) for o in mix.outlets for name, share in o.shares.items()]
    notes = []
    if corrected and len(corrected) < len(mix.outlets):
        notes.append(f"Corrected by hand labels: {', '.join(corrected)}; the others are counted.")
    if any(share.corrected and share.corrected.general_low is not None for *_, share in shares):
        notes.append(
            "At large: 95% limits for the outlet beyond these articles, which are a sample of it."
        )
    if any(share.band and not share.corrected for *_, share in shares):
        notes.append(
            "Errors: where the true share may lie if the model errs here as it did on what was "
            "held out from it."
        )
    if any(counted_otherwise(o, name, copies) is not None for o, name, _ in shares):
        notes.append(
            "Copies counted too: the share if copies counted where they stand."
            if copies.counted == "once"
            else "Copies left out: the share if of copies only the first counted."
        )
    return " ".join(notes)


def around_note(changes: Sequence[BeforeAfter]) -> str:
    """Return why differences before and after a date lack an interval or a p, where some do."""
    sides = [
        [next(iter(side.values())).n_articles for side in (change.before, change.after)]
        for change in changes
    ]
    notes = []
    if any(min(both) < 2 for both in sides):
        notes.append("A side of one article leaves no interval")
    if any(max(both) < 2 for both in sides):
        notes.append("one article on each leaves no p")
    return f" {', and '.join(notes)}." if notes else ""
