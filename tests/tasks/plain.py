"""Oracles of detection and segmentation: plain Python, one number at a time, nothing of refnet.

A box is a tuple (y1, x1, y2, x2). Numbers may be Fractions, and are exact then.
"""

from fractions import Fraction
from math import exp, log

THING, HARD, CROWD = range(3)  # what is to be found; what counts neither way; the same of many in one box


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def common(a, b):
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    return height * width if height > 0 and width > 0 else 0


def iou(a, b):
    union = area(a) + area(b) - common(a, b)
    return Fraction(common(a, b)) / Fraction(union) if union else Fraction(0)


def pixels(box):
    """The unit squares that a box of whole numbers covers."""
    return {(y, x) for y in range(box[0], box[2]) for x in range(box[1], box[3])}


def match(things, defaults, threshold):
    """-> thing of each default box, or None."""
    overlaps = {(t, n): iou(thing, box) for t, thing in enumerate(things) for n, box in enumerate(defaults)}
    found = []
    for n in range(len(defaults)):
        best = max(range(len(things)), key=lambda t: overlaps[t, n], default=None)
        found.append(best if best is not None and overlaps[best, n] >= threshold else None)
    while overlaps:
        (thing, box), most = max(overlaps.items(), key=lambda each: (each[1], -each[0][0], -each[0][1]))
        if most <= 0:
            break
        found[box] = thing
        overlaps = {(t, n): each for (t, n), each in overlaps.items() if t != thing and n != box}
    return found


def suppress(boxes, scores, overlap, most):
    order = sorted(range(len(boxes)), key=lambda n: (-scores[n], n))
    kept = []
    for n in order:
        if len(kept) < most and all(iou(boxes[n], boxes[k]) <= overlap for k in kept):
            kept.append(n)
    return kept


def cross_entropy(logits, wanted):
    top = max(logits)
    return log(sum(exp(z - top) for z in logits)) + top - logits[wanted]


def smooth_l1(d):
    return d * d / 2 if abs(d) < 1 else abs(d) - 0.5


def multibox_loss(codes, logits, wanted_codes, slots, negatives):
    """Lists by picture and box -> loss of places, of classes. Slots: 0 background, -1 neither positive nor negative."""
    places, classes, positives = 0.0, 0.0, 0
    for picture, own in enumerate(slots):
        losses = [cross_entropy(logits[picture][n], max(slot, 0)) for n, slot in enumerate(own)]
        positive = [n for n, slot in enumerate(own) if slot > 0]
        others = sorted((n for n, slot in enumerate(own) if slot == 0), key=lambda n: (-losses[n], n))
        positives += len(positive)
        for n in positive:
            places += sum(smooth_l1(a - b) for a, b in zip(codes[picture][n], wanted_codes[picture][n], strict=True))
        classes += sum(losses[n] for n in positive + others[: int(negatives * len(positive))])
    return places / max(positives, 1), classes / max(positives, 1)


def average_precision(found, there, t, most=100):
    """Of one class. found: picture -> [(box, score)]. there: picture -> [(box, THING, HARD or CROWD)]. t: a Fraction.

    None where there is nothing to be found.
    """
    judged = []
    for picture, detections in found.items():
        things = there[picture]
        free = {n for n, (_, kind) in enumerate(things) if kind == THING}
        hard = {n for n, (_, kind) in enumerate(things) if kind == HARD}
        ordered = sorted(enumerate(detections), key=lambda each: (-each[1][1], each[0]))
        for place, (_, (box, score)) in enumerate(ordered[:most]):
            near = [(iou(box, things[n][0]), n) for n in free]
            near = [each for each in near if each[0] >= t]
            if near:
                free.discard(max(near)[1])
                judged.append((-score, picture, place, True))
                continue
            ignored = [(iou(box, things[n][0]), n) for n in hard]
            ignored += [
                (Fraction(common(box, other)) / Fraction(area(box)), n)
                for n, (other, kind) in enumerate(things)
                if kind == CROWD and area(box)
            ]
            ignored = [each for each in ignored if each[0] >= t]
            if ignored:
                hard.discard(max(ignored)[1])
            else:
                judged.append((-score, picture, place, False))
    total = sum(kind == THING for things in there.values() for _, kind in things)
    if not total:
        return None
    judged.sort()
    points, right = [], 0
    for count, (_, _, _, good) in enumerate(judged, start=1):
        right += good
        points.append((Fraction(right, total), Fraction(right, count)))
    best = [max((p for recall, p in points if recall >= Fraction(r, 100)), default=Fraction(0)) for r in range(101)]
    return sum(best) / 101
