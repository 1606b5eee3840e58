"""The Chinese catalogue is whole, compiled, and what a Chinese reader sees."""

import re
import shutil
import subprocess
import sys
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from safety.models import CRSAssessment
from tests import factories as f
from tests.servers import unavailable
from trial.protocol import CRITERIA, DEFAULT_SCHEDULE, Anchor, Disease

OURS, UNFOLD = (
    Path(folder, "zh_Hans", "LC_MESSAGES", "django.po") for folder in settings.LOCALE_PATHS
)
CATALOGUES = pytest.mark.parametrize("path", [OURS, UNFOLD], ids=["ours", "unfold"])
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%s|%%|\{\w*\}|</?\w+>")
SPOKEN = ("aria-label", "title", "placeholder", "alt")
SOURCES = ("config", "trial", "crf", "safety", "templates", "locale", "manage.py")
COLLECT = ("makemessages", "-l", "zh_Hans", "--no-obsolete", "--no-location", "--no-wrap")


def key(entry):
    return entry.msgctxt, entry.msgid, entry.msgid_plural


def texts(entry):
    return [*entry.msgstr_plural.values()] if entry.msgid_plural else [entry.msgstr]


@CATALOGUES
def test_every_text_is_translated(path):
    found = polib.pofile(str(path))
    assert len(found) > 50
    assert [e.msgid for e in found if e.fuzzy or e.obsolete or not all(texts(e))] == []


@CATALOGUES
def test_placeholders_and_tags_are_the_same(path):
    wrong = [
        (entry.msgid, text)
        for entry in polib.pofile(str(path))
        for text in texts(entry)
        if sorted(PLACEHOLDER.findall(entry.msgid)) != sorted(PLACEHOLDER.findall(text))
    ]
    assert wrong == []


@CATALOGUES
def test_what_is_compiled_is_what_is_written(path):
    compiled = polib.mofile(str(path.with_suffix(".mo")))
    written = {key(e): texts(e) for e in polib.pofile(str(path))}
    assert {key(e): texts(e) for e in compiled} == written


def test_collecting_anew_changes_nothing(tmp_path):
    if not (shutil.which("xgettext") and shutil.which("msgmerge")):
        unavailable("GNU gettext is not installed")
    for name in SOURCES:
        source = settings.BASE_DIR / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    before = {key(e): texts(e) for e in polib.pofile(str(OURS))}
    subprocess.run([sys.executable, "manage.py", *COLLECT], cwd=tmp_path, check=True)
    after = polib.pofile(str(tmp_path / OURS.relative_to(settings.BASE_DIR)))
    assert {key(e): texts(e) for e in after} == before


def test_the_rules_own_labels_are_translated():
    """They are marked where no framework is known, and translated where they are shown."""
    labels = [visit.name for visit in DEFAULT_SCHEDULE]
    labels += [*Disease, *Anchor, *(criterion.text for criterion in CRITERIA)]
    with translation.override("zh-hans"):
        assert [text for text in labels if translation.gettext(text) == text] == []


def test_a_rules_refusal_is_told_in_the_readers_language():
    row = CRSAssessment(hypotension="N", vasopressin="Y")
    with pytest.raises(ValidationError) as refused, translation.override("zh-hans"):
        row.clean()
    with translation.override("zh-hans"):
        assert refused.value.messages == [
            "低血压选了“否”，却记录了血管升压药（血管加压素）：仍需使用时请选“是”，否则请删除用药。"
        ]


# Pages ---------------------------------------------------------------------------------------


class Seen(HTMLParser):
    """What a page says to the eye and to a screen reader: texts and telling attributes."""

    def __init__(self, source):
        super().__init__()
        self.said, self.silent = [], 0
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.silent += tag in ("script", "style")
        self.said += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag):
        self.silent -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.silent:
            self.said.append(data)


def english_left(page):
    """Texts of our catalogue, two words or more, that stand untranslated in a page."""
    assert page.status_code == 200
    said = Seen(page.content.decode()).said
    seen = "|".join(re.sub(r"\s+", " ", text) for text in said).casefold()
    phrases = {
        entry.msgid.casefold()
        for entry in polib.pofile(str(OURS))
        if re.search(r"[a-z] \w", entry.msgid) and not PLACEHOLDER.search(entry.msgid)
    }
    return sorted(p for p in phrases if re.search(rf"(?<!\w){re.escape(p)}(?!\w)", seen))


@pytest.fixture
def screened(participant, coordinator):
    day = timezone.localdate(timezone=f.SHANGHAI) - timedelta(days=2)
    f.consent(participant, coordinator, day)
    f.screening(participant, coordinator, day)
    return participant


def read(client, user, address, language="zh-hans"):
    client.force_login(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client.get(address)


@pytest.mark.parametrize(
    "address",
    [
        "/admin/",
        "/admin/casebook/CHH01-0001/",
        "/admin/trial/participant/",
        "/admin/crf/screening/",
        "/admin/crf/screening/{screening}/change/",
        "/admin/crf/screening/{screening}/history/",
        "/admin/crf/screening/{screening}/void/",
        "/admin/crf/infusion/add/",
        "/admin/crf/labsample/add/",
        "/admin/crf/hcgtest/add/",
        "/admin/crf/contraceptioncheck/add/",
        "/admin/safety/adverseevent/add/",
        "/admin/safety/crsassessment/add/",
        "/admin/safety/icansassessment/add/",
    ],
)
def test_a_page_in_chinese_has_no_english_left(client, coordinator, screened, address):
    pk = screened.screening_set.get().pk
    page = read(client, coordinator, address.format(screening=pk))
    assert '<html lang="zh-hans"' in page.content.decode()
    assert english_left(page) == []


def test_the_same_search_finds_english_in_english(client, coordinator, screened):
    page = read(client, coordinator, "/admin/casebook/CHH01-0001/", "en")
    assert {"visits and forms", "rheumatoid arthritis", "protocol version"} <= set(
        english_left(page)
    )


def test_the_reader_switches_the_language(client, coordinator):
    client.force_login(coordinator)
    for language, word in (("zh-hans", "今日到期"), ("en", "Due today")):
        address = reverse("set_language")
        client.post(address, {"language": language, "next": "/admin/"})
        page = client.get("/admin/").content.decode()
        assert word in page
        assert f'action="{address}"' in page  # the switch itself
