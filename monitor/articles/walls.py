"""What the pages say that stand in an article's place, in the languages we watch. Only words, no judgement."""

from __future__ import annotations

import re
from typing import Final


def _any_of(phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrase.strip() for phrase in phrases.strip().splitlines()), re.IGNORECASE)


ROBOTS: Final = "a page that checks for robots"
JAVASCRIPT: Final = "a page that needs JavaScript"
CONSENT: Final = "a consent wall"
PAYWALL: Final = "a paywall"
AD_BLOCKER: Final = "a page that wants no ad blocker"
ERROR: Final = "an error page"

# The title alone, and nothing else: "404", "Page not found | Coast News".
ERROR_TITLE: Final = _any_of(
    r"""
    (?:(?:http )?(?:error|fehler|erreur|greška|грешка|gabim|ошибка) )?(?:40[034]|410|50[0234])\W*(?:$|[|–—-])
    (?:40[34]|410|50[0234])\W+(?:error|not found|page|gone|forbidden|bad gateway|service)\b
    (?:oops\W+)?(?:page|article|content|file) (?:could )?(?:not|cannot|can['’]t) (?:be )?found\W*(?:$|[|–—-])
    (?:not found|forbidden|service unavailable|site maintenance)\W*(?:$|[|–—-])
    (?:die )?seite (?:wurde )?nicht gefunden|(?:cette )?page (?:introuvable|non trouvée|inexistante)
    stranica (?:nije|ne) (?:pronađena|postoji)|страница (?:није|не) (?:пронађена|постоји|найдена|существует)
    faqja nuk (?:u gjet|ekziston)|faqe(?:ja)? e pagjetur
    """
)

WALLS: Final = {
    ROBOTS: _any_of(
        r"""
        verify(?:ing)? (?:that )?you(?: are|['’]re) (?:a )?(?:human|not a (?:ro)?bot)
        just a moment\W*$|just a moment (?:while|\.\.\.)
        checking (?:your browser|if the site connection is secure)
        unusual (?:traffic|activity) from your
        are you a (?:ro)?bot\b|i(?:['’]|\sa)m not a robot|press (?:and|&) hold to confirm
        (?:solve|complete) the captcha|captcha (?:challenge|verification)
        (?:ddos protection|performance & security) by
        pardon our interruption|attention required!|^request blocked|your request (?:has been|was) blocked
        made us think (?:that )?you (?:are|were|might be) a (?:ro)?bot
        making sure (?:that )?you(?: are|['’]re) not a bot
        you(?: are|['’]re) not a (?:ro)?bot(?=[.!]? *(?:$|\n|why did this))|security checkpoint|verifying your browser
        you (?:do not|don['’]t) have permission to (?:access|view)|request could not be satisfied
        part of this site couldn['’]t load
        ^access (?:to this page has been )?denied|you have been blocked
        bestätigen sie, dass sie (?:ein mensch|kein roboter)|ich bin kein roboter|einen moment(?: bitte)?\W*$
        ungewöhnlich\w+ (?:datenverkehr|aktivität\w*)|ihr browser wird (?:über|ge)prüft
        (?:vérifiez|confirmez) que vous (?:êtes (?:un )?humain|n['’]êtes pas un robot)|je ne suis pas un robot
        trafic (?:inhabituel|anormal)|(?:vérification|analyse) de votre navigateur
        potvrdite da (?:ste čovek|niste robot)|nisam robot|provera (?:vašeg )?(?:pregledača|pretraživača)
        потврдите да (?:сте човек|нисте робот)|нисам робот|провера (?:вашег )?(?:прегледача|претраживача)
        (?:konfirmoni|verifikoni) që (?:jeni njeri|nuk jeni robot)|nuk jam robot|po kontrollojmë shfletuesin
        подтвердите, что вы (?:не робот|человек)|я не робот|необычн\w+ (?:трафик|активность)
        проверка (?:вашего )?браузера
        похожи на автоматические|запросы отправляли вы, а не робот|вы не робот\?
        (?:no eres|non sei) un robot|robot olmadığınızı
        """
    ),
    JAVASCRIPT: _any_of(
        r"""
        (?:please|must|need to|have to|^|\n|[.!:]) ?(?:enable|activate|turn on) java ?script(?! to \w+ (?:the )?comment)
        please enable js\b
        (?:page|site|app|application|content) (?:requires|needs) java ?script|works? (?:best|only) with java ?script
        java ?script (?:is|has been|(?:seem|appear)s to be) (?:currently )?(?:disabled|turned off|not (?:en|avail)able)
        java ?script is required to|without java ?script enabled|java ?script (?:aktivieren|einschalten)
        (?:aktivieren|benötigt|erfordert) (?:sie )?(?:bitte )?java ?script
        java ?script ist (?:deaktiviert|ausgeschaltet)
        (?:activer|activez|nécessite) java ?script|java ?script est désactivé
        (?:omogućite|uključite|zahteva) (?:java ?script|džavaskript)|java ?script je (?:isključen|onemogućen)
        (?:омогућите|укључите|захтева) (?:java ?script|џаваскрипт)|java ?script је (?:искључен|онемогућен)
        (?:aktivizoni|mundësoni|kërkon) java ?script|java ?script është i (?:çaktivizuar|fikur)
        (?:включите|включить|требуется|необходим) java ?script|java ?script (?:отключ[её]н|выключен)
        """
    ),
    AD_BLOCKER: _any_of(
        r"""
        (?:disable|turn off|pause) (?:your |the |any )?ad[ -]?blocker|(?:using|have) an ad[ -]?blocker
        ad[ -]?blocker (?:detected|erkannt|détecté)|(?:werbe|ad-?)blocker (?:zu )?(?:deaktivieren|ausschalten)
        (?:deaktivieren|schalten) sie .{0,30}(?:ad-?|werbe)blocker|désactive[rz] .{0,20}bloqueur
        isključite .{0,20}(?:ad ?block|blokator)|искључите .{0,20}(?:ad ?block|блокатор)
        (?:çaktivizo|fik)\w* .{0,20}(?:ad ?block|bllokues)|отключите .{0,20}(?:ad ?block|блокировщик)
        """
    ),
    CONSENT: _any_of(
        r"""
        before you continue (?:to|\W*$)|^before you continue
        (?:we value|we care about|we respect) your privacy|your privacy (?:choices|matters)
        (?:accept|reject|manage|allow) (?:all )?(?:cookies|cookie settings|consent|preferences)
        update your privacy settings|agree and (?:continue|proceed)
        (?:we|partners|this (?:web)?site) (?:uses?|stores?)(?: and/or access)? cookies
        (?:we and our|our) (?:\d+ )?partners (?:store|process|use)|legitimate interest
        wir (?:benötigen ihre zustimmung|verwenden cookies|schätzen ihre privatsphäre)
        ihre (?:privatsphäre|zustimmung)
        mit werbung (?:und tracking|nutzen)|weiterlesen mit werbung|(?:akzeptieren|zustimmen) und weiter
        (?:unsere|mit) \d+ partner
        (?:alle(?: cookies)? (?:akzeptieren|ablehnen|annehmen)|cookie[- ]einstellungen|mit werbung weiterlesen)
        (?:respectons|protégeons) votre vie privée|votre vie privée (?:compte|nous)|nous utilisons des cookies
        (?:accepter|refuser) (?:les|tous les) cookies|tout (?:accepter|refuser)|continuer sans accepter
        gérer (?:mes|les) cookies
        avec votre accord, (?:nous|nos)|accepter et (?:fermer|continuer)
        (?:utilizamos|usamos) cookies|nuestros socios|aceptar (?:y continuar|tod[ao]s?)
        utilizza(?:mo)? (?:i )?cookie|accetta (?:e continua|tutt[io])|çerez(?:leri)? (?:kullan|kabul)
        koristi(?:mo)? kolačiće|prihvati(?:te)? (?:sve )?kolačiće|prihvatam (?:sve )?kolačiće|podešavanja kolačića
        vaša privatnost(?: nam)? je (?:važna|bitna)|cenimo vašu privatnost
        користи(?:мо)? колачиће|прихвати(?:те)? (?:све )?колачиће|прихватам (?:све )?колачиће|подешавања колачића
        ваша приватност(?: нам)? је (?:важна|битна)|ценимо вашу приватност
        (?:ne )?përdor(?:im)? (?:cookie|kuki|skedar\w* cookie)|prano(?:j|ni)? (?:të gjitha )?(?:cookie|kuki)
        privatësia juaj|vlerësojmë privatësinë
        (?:мы|сайт) использу(?:ем|ет) (?:файлы )?cookie|принять (?:все )?(?:файлы )?cookie
        настройки (?:файлов )?cookie
        мы (?:ценим|уважаем) вашу (?:конфиденциальность|приватность)|ваша конфиденциальность
        """
    ),
    PAYWALL: _any_of(
        r"""
        (?:subscribe|sign in|log in|register) (?:now )?to (?:continue|read|keep reading|unlock|access|view)
        (?:to )?(?:continue|keep) reading,? (?:this article|please|you need|subscribe|sign)
        already a (?:subscriber|member)\?|(?:for|to) (?:our )?(?:paid )?subscribers only
        subscriber[- ](?:only|exclusive)
        this (?:article|content|story) is (?:only )?(?:available |reserved )?(?:to|for) .{0,20}(?:subscriber|member)
        (?:you(?:['’]ve| have) reached your|articles? left) .{0,40}(?:limit|this month)
        start your (?:free )?trial|unlock (?:this|the full) (?:article|story)
        (?:create|with) a free account to (?:read|continue)|free articles? (?:left|remaining)|log in or subscribe
        cancel (?:at )?any ?time|jederzeit kündbar|sans engagement|keep reading for
        subscribe (?:now|today) for (?:unlimited|full)|reached your (?:monthly )?limit of
        (?:nur|exklusiv) für (?:unsere )?abonnent|jetzt weiterlesen|mit .{1,30}plus weiterlesen|bereits abonnent\?
        (?:dieser|den) (?:ganzen |vollständigen )?artikel .{0,40}(?:abo\b|abonnent)|(?:jetzt )?abo abschließen
        bereits (?:pur-)?abonnent|registrieren,? (?:und|um) weiterzulesen
        réservé (?:à nos|aux) abonnés|abonnez-vous pour|(?:il vous )?reste .{0,20}% de cet article|déjà abonné
        (?:samo|isključivo) za (?:naše )?pretplatnike|pretplatite se (?:da biste|i nastavite|za)
        već (?:ste|imate) pretplat
        samo (?:za )?(?:registrovan|prijavljen)\w+|prijavite se da biste (?:nastavili|čitali)
        (?:само|искључиво) за (?:наше )?претплатнике|претплатите се (?:да бисте|и наставите|за)
        већ (?:сте|имате) претплат
        само (?:за )?(?:регистрован|пријављен)\w+|пријавите се да бисте (?:наставили|читали)
        vetëm për abonent|abonohu(?:ni)? për të (?:lexuar|vazhduar)|jeni abonuar tashmë
        (?:только|доступ\w*) (?:для )?подписчик|оформите подписку|(?:чтобы|для) (?:продолжить|продолжения) чтени\w+
        уже подписаны\?|para suscriptores|ya eres suscriptor|(?:riservat[oi] agli|sei già) abbonat
        """
    ),
    ERROR: _any_of(
        r"""
        page (?:could )?(?:not|cannot|can['’]t) (?:be )?found|(?:404|410)\W+(?:error|not found|page|gone)
        error\W+(?:404|410|500|50[23])
        (?:page|article|content) (?:that )?you(?:['’]re| are| were)? (?:looking for|requested|tried to)
        this (?:page|article) (?:does not|doesn['’]t|no longer) exists?
        internal server error|service (?:temporarily )?unavailable|bad gateway
        nothing was found at this location|find what you(?: are|['’]re) looking for
        this (?:story|article|page|content) (?:has been|was) (?:removed|deleted|taken down)
        unavailable (?:for|due to) legal reasons|unavailable in (?:most|your) (?:european )?(?:countr|region)
        error establishing a database connection|connection timed out|domain (?:\S+ )?is for sale
        temporarily down for maintenance
        server is temporarily unable to service your request
        seite (?:wurde |konnte )?(?:leider )?nicht gefunden
        (?:seite|artikel) (?:existiert|ist) (?:leider )?nicht (?:mehr )?(?:verfügbar|vorhanden)?
        page (?:que vous (?:recherchez|demandez)|demandée|introuvable)|cette page n['’]existe (?:pas|plus)
        strani(?:ca|cu) (?:koju tražite )?(?:ni(?:je|smo)|ne) (?:pronađen|našli|postoji)|tražena stranica
        страни(?:ца|цу) (?:коју тражите )?(?:ни(?:је|смо)|не) (?:пронађен|нашли|постоји)|тражена страница
        (?:tekst|članak|vest) (?:koj[iu] tražite )?(?:nije pronađen|ne postoji)|traženi (?:tekst|članak)
        (?:текст|чланак|вест) (?:кој[иу] тражите )?(?:није пронађен|не постоји)|тражени (?:текст|чланак)
        (?:faqja|artikulli|lajmi|lajm) (?:që (?:po )?kërkoni )?nuk (?:u gjet|ekziston)|na vjen keq.{0,30}faqja
        страница не (?:найдена|существует)|(?:запрашиваемая|такой) страниц
        (?:материал|новость) (?:недоступ|удал[её]н|не найден)\w*
        página (?:que buscas? )?no (?:existe|encontrada)|pagina non trovata|sayfa bulunamadı
        """
    ),
}
