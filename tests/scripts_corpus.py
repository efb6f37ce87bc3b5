"""A scene with texts of many scripts, in every family and alignment of Excalidraw."""

from typing import Any

from tests.factories import body

FAMILIES = {
    "Virgil": 1,
    "Helvetica": 2,
    "Cascadia": 3,
    "Excalifont": 5,
    "Nunito": 6,
    "Lilita": 7,
    "Comic Shanns": 8,
}
ALIGNMENTS = ("left", "center", "right")
TEXTS = {
    "latin": "A fox drew its den,\nthen slept until noon.",
    "western": "Straße à façade, niño, Åse, cœur",
    "central": "Žlutý kůň přešel říčku, źdźbło",
    "vietnamese": "Một hai ba bốn năm, đường về nhà",
    "vietnamese apart": "Mo\u0323\u0302t bo\u0302\u0301n na\u0306m",
    "greek": "ένα δύο τρία, ψάρι και ελιές",
    "cyrillic": "один два три, ёжик и щука",
    "hebrew": "אחת שתיים שלוש",
    "hebrew, many lines": "בית קטן על גבעה,\nשני עצים ונחל.",
    "arabic": "واحد اثنان ثلاثة",
    "arabic with marks": "كِتَابٌ جَدِيدٌ",
    "hindi": "एक दो तीन, हिन्दी क्षत्रिय",
    "bengali": "এক দুই তিন, বাংলা স্ত্রী",
    "tamil": "ஒன்று இரண்டு மூன்று",
    "thai": "หนึ่ง สอง สาม น้ำ ที่นี่",
    "mixed, left to right": "Room 12 is שלוש דלתות away (3 doors).",
    "mixed, right to left": "קומה 3: Room B, שולחן 12",
    "arabic with numbers": "السعر 250 USD اليوم",
    "spaces": "one   two     three      four",
    "spaces in front": "    four in front,  two between",
    "tabs": "a\tb\tc",
    "code": "if (a <= b && c != d) {\n    return x => x ** 2;\n}",
    "ligatures": "-> => != === fi ffl www",
    "marks": "“quoted” – dash — more… 50 % × 2 ÷ 3 ≈ 1 → 2 ⇒ x ≤ y",
    "money": "€ 5, £ 6, ¥ 7, ₫ 8, ₹ 9",
}
HAND_TEXTS = {
    "chinese": "一间小屋，两棵树。",
    "japanese": "小さな家と二本の木です",
}
"""In Excalifont alone: for other families each system has a font of its own."""
WIDTH, ROW = 620.0, 90.0


def scene(family: int, texts: dict[str, str], alignment: str) -> dict[str, Any]:
    """One text below the other."""
    elements = [
        body(
            f"t{number}",
            type="text",
            x=0.0,
            y=ROW * number,
            width=WIDTH,
            height=25.0 * len(text.split("\n")),
            text=text,
            originalText=text,
            fontSize=20,
            fontFamily=family,
            textAlign=alignment,
            verticalAlign="top",
            containerId=None,
            autoResize=False,
            lineHeight=1.25,
        )
        for number, text in enumerate(texts.values())
    ]
    return {"type": "excalidraw", "version": 2, "elements": elements, "files": {}}
