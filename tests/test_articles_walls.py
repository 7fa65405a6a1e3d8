"""Pages that stand in an article's place, in the languages we watch, and articles that only look like them."""

from __future__ import annotations

from html import escape

import pytest

from monitor.articles.extract import extract
from monitor.articles.judge import judge
from monitor.articles.walls import AD_BLOCKER, CONSENT, ERROR, JAVASCRIPT, PAYWALL, ROBOTS
from monitor.errors import ExtractError
from monitor.model import FULL
from tests.page_shells import OTHERS, PARAGRAPHS, TITLE

LIST = "a page that lists articles"
URL = "https://coast.example/2021/strike-ends"

# What the feed announced, by language, with the first paragraph that it and the page would share.
NEWS = {
    "en": (TITLE, PARAGRAPHS[0]),
    "sr-Latn": (
        "Lučki radnici u Veranu okončali petonedeljni štrajk",
        "Lučki radnici u Veranu glasali su u utorak uveče da okončaju najduži štrajk u istoriji luke i prihvatili su "
        "plan koji je penzionisani sudija izneo samo nekoliko sati ranije. Dizalice bi trebalo da prorade u četvrtak.",
    ),
    "sr-Cyrl": (
        "Лучки радници у Верану окончали петонедељни штрајк",
        "Лучки радници у Верану гласали су у уторак увече да окончају најдужи штрајк у историји луке и прихватили су "
        "план који је пензионисани судија изнео само неколико сати раније. Дизалице би требало да прораде у четвртак.",
    ),
    "sq": (
        "Punëtorët e portit të Veranit përfundojnë grevën pesëjavore",
        "Punëtorët e portit të Veranit votuan të martën në mbrëmje për t'i dhënë fund grevës më të gjatë në historinë "
        "e portit, duke pranuar një plan që një gjyqtar në pension e kishte paraqitur vetëm disa orë më parë.",
    ),
    "de": (
        "Hafenarbeiter in Veran beenden fünfwöchigen Streik",
        "Die Hafenarbeiter in Veran haben am Dienstagabend für das Ende des längsten Streiks in der Geschichte des "
        "Hafens gestimmt und einen Plan angenommen, den ein pensionierter Richter erst Stunden zuvor vorgelegt hatte.",
    ),
    "fr": (
        "Les dockers de Veran mettent fin à cinq semaines de grève",
        "Les dockers de Veran ont voté mardi soir la fin de la plus longue grève de l'histoire du port, en acceptant "
        "un plan qu'un juge à la retraite avait mis sur la table quelques heures plus tôt seulement.",
    ),
    "ru": (
        "Докеры Верана завершили пятинедельную забастовку",
        "Докеры Верана проголосовали во вторник вечером за прекращение самой долгой забастовки в истории порта, "
        "приняв план, который судья в отставке предложил всего за несколько часов до этого.",
    ),
}

WALLS = [
    (
        "en",
        "Just a moment...",
        "Verify you are human. coast.example needs to review the security of your connection.",
        ROBOTS,
    ),
    (
        "en",
        "Attention Required!",
        "Why have I been blocked? You have been blocked by the security service of this site.",
        ROBOTS,
    ),
    (
        "de",
        "Einen Moment bitte",
        "Bestätigen Sie, dass Sie kein Roboter sind, um auf unsere Seite zu gelangen.",
        ROBOTS,
    ),
    ("fr", "Vérification", "Confirmez que vous n'êtes pas un robot. Trafic inhabituel depuis votre réseau.", ROBOTS),
    ("sr-Latn", "Provera", "Potvrdite da niste robot da biste nastavili ka stranici koju ste tražili.", ROBOTS),
    ("sr-Cyrl", "Провера", "Потврдите да нисте робот да бисте наставили ка страници коју сте тражили.", ROBOTS),
    ("sq", "Kontroll", "Konfirmoni që nuk jeni robot për të vazhduar në faqen tonë të internetit.", ROBOTS),
    ("ru", "Проверка", "Подтвердите, что вы не робот. С вашего адреса поступает необычный трафик.", ROBOTS),
    ("en", TITLE, "Please enable JavaScript to use this application, or try another browser.", JAVASCRIPT),
    ("de", "Küste heute", "Bitte aktivieren Sie JavaScript, um diese Seite in vollem Umfang zu nutzen.", JAVASCRIPT),
    ("fr", "La Côte", "Veuillez activer JavaScript dans votre navigateur pour lire cette page.", JAVASCRIPT),
    ("sr-Latn", "Obala", "Molimo vas da uključite JavaScript u svom pregledaču kako bi stranica radila.", JAVASCRIPT),
    ("sr-Cyrl", "Обала", "Молимо вас да укључите JavaScript у свом прегледачу како би страница радила.", JAVASCRIPT),
    ("sq", "Bregu", "Ju lutemi aktivizoni JavaScript në shfletuesin tuaj që faqja të funksionojë.", JAVASCRIPT),
    ("ru", "Берег", "Для работы сайта включите JavaScript в настройках вашего браузера, пожалуйста.", JAVASCRIPT),
    (
        "en",
        "Coast",
        "We value your privacy. We and our partners store and use data on your device. Accept all cookies.",
        CONSENT,
    ),
    ("de", "Küste", "Wir benötigen Ihre Zustimmung. Alle akzeptieren oder die Cookie-Einstellungen öffnen.", CONSENT),
    (
        "fr",
        "La Côte",
        "Nous respectons votre vie privée. Tout accepter, ou continuer sans accepter nos cookies.",
        CONSENT,
    ),
    (
        "sr-Latn",
        "Obala",
        "Vaša privatnost nam je važna. Koristimo kolačiće da bismo prikazali oglase. Prihvatam.",
        CONSENT,
    ),
    (
        "sr-Cyrl",
        "Обала",
        "Ваша приватност нам је важна. Користимо колачиће да бисмо приказали огласе. Прихватам.",
        CONSENT,
    ),
    ("sq", "Bregu", "Ne përdorim cookies për t'ju ofruar një përvojë më të mirë. Prano të gjitha cookies.", CONSENT),
    ("ru", "Берег", "Мы используем файлы cookie, чтобы улучшить сайт. Принять все файлы cookie?", CONSENT),
    ("en", "coast.example", "Please enable JS and disable any ad blocker", JAVASCRIPT),
    ("en", "Client Challenge", "A required part of this site couldn’t load. Please check your connection.", ROBOTS),
    ("en", "Access Denied", 'You don\'t have permission to access "http://coast.example/news" on this server.', ROBOTS),
    ("en", "Interruption", "Something about your browser made us think you were a bot.", ROBOTS),
    ("ru", "Ой!", "Подтвердите, что запросы отправляли вы, а не робот. Нажмите, чтобы продолжить.", ROBOTS),
    ("en", "Coast", "We noticed that you are using an ad blocker. Our newsroom lives on advertising.", AD_BLOCKER),
    ("de", "Küste", "Bitte deaktivieren Sie Ihren Adblocker, um weiterzulesen. Danke.", AD_BLOCKER),
    ("sr-Latn", "Obala", "Isključite AdBlock da biste videli sadržaj na ovoj stranici. Hvala.", AD_BLOCKER),
    ("de", "Küste", "Weiterlesen mit Werbung: besuchen Sie uns wie gewohnt. Akzeptieren und weiter.", CONSENT),
    ("fr", "La Côte", "Avec votre accord, nos partenaires et nous lisons vos données. Accepter et fermer.", CONSENT),
    ("sr-Latn", None, "Sadržaj je dostupan samo registrovanim korisnicima. Prijavite se.", PAYWALL),
    ("sr-Latn", "Obala", "Tekst koji tražite nije pronađen. Vratite se na početnu stranu.", ERROR),
    ("sr-Cyrl", "Обала", "Тражени чланак није пронађен. Можда је промењена адреса.", ERROR),
    ("sq", "Bregu", "Artikulli që kërkoni nuk u gjet. Kthehu në ballinë.", ERROR),
    ("ru", "Берег", "Материал недоступен. Возможно, он был снят с публикации.", ERROR),
    ("en", "Coast", "451: Unavailable due to legal reasons. We cannot show our site in your region.", ERROR),
    ("en", "Coast", "Oops! It looks like nothing was found at this location. Maybe try a search?", ERROR),
    ("en", None, "Subscribe to continue reading. Already a subscriber? Log in.", PAYWALL),
    ("de", None, "Den vollständigen Artikel lesen Sie mit einem Abo. Bereits Abonnent?", PAYWALL),
    ("fr", None, "Il vous reste 80 % de cet article à lire. La suite est réservée. Déjà abonné ?", PAYWALL),
    ("sr-Latn", None, "Ceo tekst je dostupan samo za pretplatnike. Već imate pretplatu?", PAYWALL),
    ("sr-Cyrl", None, "Цео текст је доступан само за претплатнике. Већ имате претплату?", PAYWALL),
    ("sq", None, "Ky artikull është vetëm për abonentët. Jeni abonuar tashmë?", PAYWALL),
    ("ru", None, "Полный текст доступен только подписчикам. Оформите подписку.", PAYWALL),
    ("en", "Page not found - Coast", "Sorry, the page you are looking for has moved. Try our home page.", ERROR),
    ("de", "Seite nicht gefunden", "Die gesuchte Adresse gibt es nicht mehr. Zurück zur Startseite.", ERROR),
    ("fr", "Page introuvable", "Cette page n'existe plus. Retournez à la page d'accueil du site.", ERROR),
    ("sr-Latn", "Greška 404", "Stranica koju tražite ne postoji. Vratite se na naslovnu stranu.", ERROR),
    ("sr-Cyrl", "Грешка 404", "Страница коју тражите не постоји. Вратите се на насловну страну.", ERROR),
    ("sq", "Gabim 404", "Faqja që kërkoni nuk ekziston. Kthehuni në faqen kryesore.", ERROR),
    ("ru", "Ошибка 404", "Страница не найдена. Вернитесь на главную страницу сайта.", ERROR),
]


def html(title: str, *paragraphs: str, head: str = "") -> bytes:
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    page = (
        f"<!DOCTYPE html><html><head><title>{escape(title)}</title>{head}</head><body><div>{text}</div></body></html>"
    )
    return page.encode()


def verdict(body: bytes, *, announced: str, url: str = URL) -> str:
    try:
        found = extract(body, url=url, content_type="text/html; charset=utf-8")
    except ExtractError:
        return "no text"
    return judge(found, entry_title=announced, entry_summary="")


@pytest.mark.parametrize(("language", "title", "text", "expected"), WALLS)
def test_wall(language: str, title: str | None, text: str, expected: str) -> None:
    """A wall is called by its name in every language; what is left of the article before a paywall changes nothing."""
    announced, lead = NEWS[language]
    body = html(title, text) if title else html(announced, lead, text)

    assert expected == verdict(body, announced=announced)


UNKNOWN = {
    "en": "Our shop has moved. Choose your country and your size, and we shall be happy to send you the new catalogue "
    "at home, free of charge, as soon as it has been printed; and if you like, twice a year from then on, by post.",
    "fr": "Lecture en cours sur un autre appareil. Vous pouvez vous servir d'un seul appareil à la fois. Ce message "
    "sera affiché sur l'autre appareil. Découvrez nos offres pour plusieurs appareils, et parrainez tous vos amis.",
    "ru": "Выберите ваш город, чтобы увидеть цены и сроки доставки. Если города нет в списке, напишите нам, и менеджер "
    "перезвонит вам в течение рабочего дня, чтобы ответить на все вопросы и принять заказ по телефону.",
}


@pytest.mark.parametrize("language", UNKNOWN)
def test_unknown_wall(language: str) -> None:
    """What has no word of the announced article is none, although the page has its title and no phrase of a wall."""
    announced, _ = NEWS[language]

    assert FULL != verdict(html(announced, UNKNOWN[language]), announced=announced)
    assert FULL != verdict(html(announced, *[UNKNOWN[language]] * 2), announced=announced)


@pytest.mark.parametrize("language", NEWS)
def test_long_consent_wall(language: str) -> None:
    """A wall with its list of partners has the length of an article, and is still none."""
    announced, _ = NEWS[language]
    said = next(text for known, _, text, reason in WALLS if known == language and reason == CONSENT)
    partner = "Vendor {0} Ltd: stores and reads profiles in region {0}, for measurement and for product development."
    partners = [partner.format(number) for number in range(12)]

    reason = verdict(html(announced, said, *partners), announced=announced)

    assert reason != FULL


def test_long_error_page() -> None:
    """A page that was not found stays one, whatever else it offers to read."""
    offers = [f"{title}, and what people on the coast say about it this week." for title in OTHERS * 8]

    assert ERROR == verdict(html("Page not found | Coast News", *offers, *PARAGRAPHS[4:6]), announced=NEWS["de"][0])
    assert ERROR == verdict(
        html("Page not found | Coast News", "Did you mean:", TITLE, *PARAGRAPHS[:2]), announced=TITLE
    )
    assert ERROR == verdict(html("404", *PARAGRAPHS[4:6]), announced="Volcano on the southern ridge quiet again")


def test_declared_paywall() -> None:
    """A page that says itself that it is not for everybody, and is short, is the beginning of an article."""
    locked = '<meta property="article:content_tier" content="locked">'
    not_free = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":"False"}</script>'

    for head in (locked, not_free):
        assert PAYWALL == verdict(html(TITLE, PARAGRAPHS[0], head=head), announced=TITLE)
        assert PAYWALL == verdict(html(TITLE, *PARAGRAPHS[:2], head=head), announced=TITLE)
        assert FULL == verdict(html(TITLE, *PARAGRAPHS, head=head), announced=TITLE)


def test_front_page() -> None:
    """Who is sent to the front page has not found the article, although its title may stand there."""
    teasers = [f"{title}. {text}" for title, text in zip((TITLE, *OTHERS), PARAGRAPHS, strict=False)]

    assert LIST == verdict(
        html("Coast News - all that is new", *teasers), announced=TITLE, url="https://coast.example/"
    )
    assert FULL == verdict(html(TITLE, *PARAGRAPHS), announced=TITLE, url="https://coast.example/")


def test_section_page() -> None:
    """A page of links is no article, whatever its address is."""
    links = "".join(
        f'<p><a href="/{n}">{title}, part {n} of it</a></p>' for n, title in enumerate((TITLE, *OTHERS) * 4)
    )
    body = f"<html><head><title>Strike and port</title></head><body><div>{links}</div></body></html>".encode()

    assert LIST == verdict(body, announced=TITLE)


CARDS = {
    "linked headline": '<div><h3><a href="/{0}">{1}</a></h3><p>{2}</p><span>5 October 2021</span></div>',
    "list": '<li><h3><a href="/{0}">{1}</a></h3><p>{2}</p></li>',
    "linked card": '<a href="/{0}"><h3>{1}</h3><p>{2}</p></a>',
}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_teasers(card: str) -> None:
    """Nor is a page of teasers, the announced article's among them."""
    titles = (TITLE, *(f"{title}, part {number}" for number in range(3) for title in OTHERS))
    cards = "".join(
        card.format(number, title, PARAGRAPHS[number % 8][:90] + f" {number}.") for number, title in enumerate(titles)
    )
    section = f"<html><head><title>World - Coast</title></head><body><main><h1>World</h1>{cards}</main></body></html>"
    article = section.replace("World", TITLE)

    assert LIST == verdict(section.encode(), announced=TITLE)
    assert FULL == verdict(article.encode(), announced=TITLE)


def test_long_teaser() -> None:
    """Where a page says that it is to be paid for, its long beginning above the offer is not the article either."""
    locked = '<meta property="article:content_tier" content="locked">'
    offer = "Subscribe to continue reading. Already a subscriber? Log in."

    assert PAYWALL == verdict(html(TITLE, *PARAGRAPHS[:3], offer, head=locked), announced=TITLE)
    assert FULL == verdict(html(TITLE, *PARAGRAPHS[:3], offer), announced=TITLE)


def test_other_article() -> None:
    """A page that has two words of twelve in common with the announced title is about something else."""
    announced = "Harbour pilots demand better radios before winter storms reach the northern lighthouse islands"

    assert FULL != verdict(html("Strike over", PARAGRAPHS[0], PARAGRAPHS[4], PARAGRAPHS[6]), announced=announced)


BREAKING = [
    ("404 dead in Congo floods", "At least 404 people died in floods in eastern Congo, officials said on Sunday."),
    ("Explosion heard in Pristina", "An explosion was heard in central Pristina, police said. No casualties reported."),
    ("Vučić: vojska ostaje u kasarnama", "Vojska ostaje u kasarnama, izjavio je Vučić u utorak. Opširnije uskoro."),
    (
        "NATO",
        "NATO will increase the number of its troops in Kosovo by two hundred, the alliance said on Friday, after "
        "clashes in the north of the country.",
    ),
    (
        "Google: error 404 stops mail",
        "Google users saw “Error 404, page not found” instead of their mail for hours on Monday. The company said it "
        "had stopped a change of its settings.",
    ),
    (
        "Le Monde: il vous reste 80 % de cet article",
        "Le Monde change sa formule : « il vous reste 80 % de cet article à lire » disparaîtra en mai, a annoncé le "
        "journal lundi.",
    ),
]


@pytest.mark.parametrize(("title", "text"), BREAKING)
def test_breaking_news(title: str, text: str) -> None:
    """One sentence that tells the title's news is an article, be the title a word or the subject a wall."""
    assert FULL == verdict(html(f"{title} | Coast News", text), announced=title)
    assert FULL != verdict(html(f"{title} | Coast News", "Please wait. The article is being loaded."), announced=title)
    assert FULL != verdict(html("Coast News", title, f"{title}."), announced=title)


ARTICLES = [
    *((title, [text] * 2) for title, text in NEWS.values()),
    (
        "Court: sites must ask before they store cookies",
        [
            "Sites must ask their readers before they store cookies, the highest court ruled on Monday. A banner with "
            "“Accept all cookies” is not enough, the judges said, if there is no button to refuse that is as large.",
            "Publishers called the ruling a blow. “We value your privacy, and we have to live,” said their speaker.",
        ],
    ),
    (
        "Search engine requires JavaScript from now on",
        [
            "The search engine requires JavaScript from now on, the company said on Friday. Who turns it off sees a "
            "page that asks to enable JavaScript and nothing else. The change is meant to keep robots out, according "
            "to the company's engineers, who had seen unusual traffic from data centres since the spring, they wrote.",
        ],
    ),
    (
        "404 migrants rescued off the southern island",
        [PARAGRAPHS[0].replace("Dockworkers in Port Verran", "404 migrants off the southern island")] * 2,
    ),
    (
        "Robots pass the test that tells them from people",
        [
            "Robots have learnt to pass the test that tells them from people, researchers report: nine times of ten "
            "the program ticked the box next to “I’m not a robot” and was let in. “Verify you are human” has become an "
            "empty phrase, says the head of the study, who wants to see other tests, and soon, in use on the web.",
        ],
    ),
    (
        "Newspaper puts all its articles behind a paywall",
        [
            *PARAGRAPHS[:2],
            "From May on, readers will have to subscribe to continue reading. Some of its reports stay free, the "
            "newspaper wrote, among them those on weather and on elections, and this article is for subscribers only "
            "in the printed edition.",
        ],
    ),
]


@pytest.mark.parametrize(("title", "paragraphs"), ARTICLES)
def test_article(title: str, paragraphs: list[str]) -> None:
    """An article is never thrown away for its subject, its numbers, or what stands below it."""
    below = ("We use cookies to improve this site.", "Please enable JavaScript to view the comments.")

    assert FULL == verdict(html(f"{title} | Coast News", *paragraphs), announced=title)
    assert FULL == verdict(html(f"{title} | Coast News", *paragraphs, *PARAGRAPHS[2:5], *below), announced=title)
