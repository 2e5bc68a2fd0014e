"""MobileNet V2, section 6.2 with Tables 5 and 6: SSDLite, and the detectors it is compared with, for COCO's 80 classes.

"The most accurate of the three" has no figure of its own: claim V2-20X says what Table 6 prints about it.
"""

from fractions import Fraction

from ..digits import Figure, parse_figure
from ..models.ssd import ssd_mobilenet_v2, ssdlite_mobilenet_v1, ssdlite_mobilenet_v2
from ..models.ssd_vgg import ssd_vgg16
from ..models.yolo import yolo_v2
from .claim import UNCOUNTED, Claim, Compute, Computed, Table, Value
from .counted import MADDS, PARAMETERS
from .detectors import Detector, figure
from .networks import Networks, Number

BOTH = "V2 (both printings)"
TABLE_5 = Table("V2 Table 5", parameters="P-BIAS", source=f"{BOTH} Table 5")
TABLE_6 = Table("V2 Table 6", parameters="P-BIAS", source=f"{BOTH} Table 6")
SECTION_6_2 = Table("V2 section 6.2", parameters="P-BIAS", source=f"{BOTH} 6.2")

SSD_HEAD = Detector("SSD head", ssd_mobilenet_v2, head=True)
LITE_HEAD = Detector("SSDLite head", ssdlite_mobilenet_v2, head=True)
SSD300 = Detector("SSD300", ssd_vgg16)
SSD512 = Detector("SSD512", ssd_vgg16, {"resolution": 512})
LITE_V1 = Detector("MNet V1 + SSDLite", ssdlite_mobilenet_v1)
LITE_V2 = Detector("MNet V2 + SSDLite", ssdlite_mobilenet_v2)
# Two networks: the paper's on COCO, and a later one as released for the 20 classes of VOC.
YOLO = Detector("YOLOv2", yolo_v2)
LATER_YOLO = Detector("YOLOv2", yolo_v2, {"passthrough": "later", "classes": 20})

# Tables 5 and 6, as printed: multiply-adds in billions, parameters in millions; Table 6's mAP.
SSD_HEAD_PRINT, LITE_HEAD_PRINT = ("1.25", "14.8"), ("0.35", "2.1")
SSD300_PRINT, SSD512_PRINT = ("35.2", "36.1"), ("99.5", "36.1")
YOLO_PRINT, LITE_V2_PRINT = ("17.5", "50.7"), ("0.8", "4.3")
MAP = {"SSD300": "23.2", "SSD512": "26.8", "YOLOv2": "21.6", "MNet V1 + SSDLite": "22.2", "MNet V2 + SSDLite": "22.1"}


def _units(networks: Networks) -> dict[str, Value]:
    """Table 5's multiply-adds, both rows in both units, and how much SSDLite saves in one unit and as printed."""
    ssd, lite = (head.counts(networks, MADDS) for head in (SSD_HEAD, LITE_HEAD))
    saving = Fraction(SSD_HEAD_PRINT[0]) / Fraction(LITE_HEAD_PRINT[0])
    return {"ssd": ssd["FLOP-2"], "saving": Fraction(ssd["MADD"]) / Fraction(lite["MADD"]), "printed_saving": saving}


def _difference(networks: Networks) -> dict[str, Value]:
    """By how many parameters SSD512 exceeds SSD300, whatever is counted."""
    small, large = (each.counts(networks, PARAMETERS) for each in (SSD300, SSD512))
    return {"more": min(large[name] - small[name] for name in small), "large": large[TABLE_6.parameters]}


def _off(printed: Figure, count: Number) -> Fraction:
    return abs(Fraction(count) - printed.value)


def _is_the_others(networks: Networks) -> bool:
    """Whether one print for both is wrong for one under every convention, and is nearer to the larger one."""
    shared = parse_figure(SSD300_PRINT[1], "M")
    small, large = (each.counts(networks, PARAMETERS) for each in (SSD300, SSD512))
    apart = all(shared.rounded(small[name]) != shared.rounded(large[name]) for name in small)
    nearer = all(_off(shared, large[name]) < _off(shared, small[name]) for name in small)
    return SSD300_PRINT[1] == SSD512_PRINT[1] and apart and nearer


def _gaps(networks: Networks) -> dict[str, Value]:
    """By how much the prints of both detectors on VGG 16 exceed their counts."""
    rows = (("small_gap", SSD300, SSD300_PRINT), ("large_gap", SSD512, SSD512_PRINT))
    return {
        name: parse_figure(prints[0], "B").value - detector.counts(networks, MADDS)["MADD"]
        for name, detector, prints in rows
    }


def _original(networks: Networks) -> dict[str, Value]:
    """The parameters of the network whose multiply-adds the row prints, and the other's multiply-adds."""
    return {
        "original": YOLO.counts(networks, PARAMETERS)[TABLE_6.parameters],
        "later_madds": LATER_YOLO.counts(networks, MADDS)["MADD"],
    }


def _times(quantity: str, yolo: Detector, other: Detector) -> Compute:
    """How many times more one YOLOv2 takes than SSDLite on V2; also the other one, and by the prints of Table 6."""
    at, main = (0, TABLE_6.madds) if quantity == MADDS else (1, TABLE_6.parameters)

    def ratios(networks: Networks, detector: Detector) -> dict[str, Number]:
        small = LITE_V2.counts(networks, quantity)
        large = detector.counts(networks, quantity)
        return {name: Fraction(large[name]) / Fraction(small[name]) for name in small}

    def compute(networks: Networks) -> Computed:
        prints = Fraction(YOLO_PRINT[at]) / Fraction(LITE_V2_PRINT[at])
        own = MAP[LITE_V2.name]
        better = ", ".join(f"{name} {each}" for name, each in MAP.items() if Fraction(each) > Fraction(own))
        facts: dict[str, Value | str] = {
            "prints": prints,
            "other": ratios(networks, other)[main],
            "map": own,
            "better": better,
        }
        return Computed(ratios(networks, yolo), facts=facts)

    return compute


def _first_map(networks: Networks) -> Computed:
    """The output strides of the first two maps; and which layer the first one is, if the first convolution is 1."""
    net = networks.graph(ssdlite_mobilenet_v2)
    first, second = (net.shapes[f"boxes_{number}"][0] for number in (1, 2))
    side = net.inputs["images"][0]
    (tap,) = next(node.inputs for node in net.nodes if node.name == "boxes_1/depthwise")
    before = list(net.shapes)[: list(net.shapes).index(tap) + 1]
    blocks = {name.partition("/")[0] for name in before if "/" in name}
    facts: dict[str, Value | str] = {"one": 1, "layer": 1 + len(blocks), "channels": net.shapes[tap][2]}
    return Computed({UNCOUNTED: side // first}, facts={**facts, "last": side // second})


CLAIMS = [
    figure(
        "V2-T5-SSD-M",
        TABLE_5,
        SSD_HEAD,
        MADDS,
        SSD_HEAD_PRINT[0],
        "convention",
        "In the unit of the other row it would be {ssd}.",
        _units,
    ),
    figure("V2-T5-SSD-P", TABLE_5, SSD_HEAD, PARAMETERS, SSD_HEAD_PRINT[1]),
    figure(
        "V2-T5-LITE-M",
        TABLE_5,
        LITE_HEAD,
        MADDS,
        LITE_HEAD_PRINT[0],
        "convention",
        "The table's two rows are not in one unit: this one counts multiplications and additions apart. In one unit "
        "SSDLite takes {saving} times less; the prints make it {printed_saving}.",
        _units,
    ),
    figure("V2-T5-LITE-P", TABLE_5, LITE_HEAD, PARAMETERS, LITE_HEAD_PRINT[1]),
    figure(
        "V2-T6-S300-M",
        TABLE_6,
        SSD300,
        MADDS,
        SSD300_PRINT[0],
        "unexplained",
        "The print is {small_gap} above the count, that of the larger SSD {large_gap}.",
        _gaps,
    ),
    figure(
        "V2-T6-S300-P",
        TABLE_6,
        SSD300,
        PARAMETERS,
        SSD300_PRINT[1],
        "erratum",
        "The same figure stands in the row of the larger SSD, which has one map more and, under every convention, at "
        "least {more} parameters more: {large}.",
        _difference,
        _is_the_others,
    ),
    figure(
        "V2-T6-S512-M",
        TABLE_6,
        SSD512,
        MADDS,
        SSD512_PRINT[0],
        "unexplained",
        "The print is {large_gap} above the count, that of the smaller SSD {small_gap}.",
        _gaps,
    ),
    figure(
        "V2-T6-S512-P",
        TABLE_6,
        SSD512,
        PARAMETERS,
        SSD512_PRINT[1],
        "unexplained",
        "The row of the smaller SSD prints the same figure, though this one has at least {more} parameters more.",
        _difference,
    ),
    figure(
        "V2-T6-YO-M",
        TABLE_6,
        YOLO,
        MADDS,
        YOLO_PRINT[0],
        "exact",
        "That is the network of its paper, for COCO: it has {original} parameters. The one whose parameters are "
        "printed beside it takes {later_madds}.",
        _original,
    ),
    figure(
        "V2-T6-YO-P",
        TABLE_6,
        LATER_YOLO,
        PARAMETERS,
        YOLO_PRINT[1],
        "convention",
        "The row is two networks: this is a later one, which takes the passthrough to fewer channels, with VOC's "
        "classes. The network whose multiply-adds are printed has {original} parameters.",
        _original,
    ),
    figure("V2-T6-V1-M", TABLE_6, LITE_V1, MADDS, "1.3"),
    figure("V2-T6-V1-P", TABLE_6, LITE_V1, PARAMETERS, "5.1"),
    figure("V2-T6-V2-M", TABLE_6, LITE_V2, MADDS, LITE_V2_PRINT[0]),
    figure("V2-T6-V2-P", TABLE_6, LITE_V2, PARAMETERS, LITE_V2_PRINT[1]),
    Claim(
        "V2-20X",
        f"{BOTH} 6.2 / 7",
        "20",
        "x",
        SECTION_6_2,
        "less computation than YOLOv2",
        _times(MADDS, YOLO, LATER_YOLO),
        explanation="The prints of Table 6 make it {prints}; with the YOLO whose parameters stand there it would be "
        '{other}. The text also calls it "the most accurate of the three", but in Table 6 {better} stand above its '
        "mAP of {map}.",
        main=SECTION_6_2.madds,
    ),
    Claim(
        "V2-10X",
        f"{BOTH} 6.2 / 7",
        "10",
        "x",
        SECTION_6_2,
        "smaller than YOLOv2",
        _times(PARAMETERS, LATER_YOLO, YOLO),
        explanation="The prints of Table 6 make it {prints}; with the YOLO whose multiply-adds stand there it would be "
        "{other}.",
        main=SECTION_6_2.parameters,
    ),
    Claim(
        "V2-SSDL15",
        SECTION_6_2.source,
        "16",
        "stride",
        SECTION_6_2,
        "output stride of the first map",
        _first_map,
        explanation="It is an expansion, with {channels} channels: layer {layer} if the first convolution is layer "
        "{one}. The map of the last layer has output stride {last}.",
    ),
]
