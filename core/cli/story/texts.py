"""What people write in the story, in the languages of the brands."""

from __future__ import annotations

CAPTIONS = {
    "Havsro": (
        "Iltani alkaa kahdella pisaralla ja viidellä minuutilla hiljaisuutta. Mikä on sinun rituaalisi?",
        "Kuiva iho ja pakkastuuli eivät ole paras pari. Näin selviän marraskuusta.",
        "Saunan jälkeen iho kiittää. Kolme vaihetta, ei yhtään enempää.",
        "Testasin kolme viikkoa, ja ero näkyy etenkin aamuisin.",
        "Meren tuoksu kylpyhuoneessa, vaikka meri on sadan kilometrin päässä.",
    ),
    "Suvilumo": (
        "Pellava paranee joka pesulla. Nämä ovat kulkeneet mukana koko kesän.",
        "Kynttilät, keitto ja liina, joka saa rypistyä. Arki-ilta parhaimmillaan.",
        "Kattaus kuudelle kahdessakymmenessä minuutissa. Katso viimeinen kuva!",
        "Mökin vanha pöytä sai uuden ilmeen. Väri on kuin syksyinen järvi.",
    ),
    "Lilla köket": (
        "Degen fick vila över natten, och i morse doftade hela huset bröd.",
        "Min mormors recept, men med hälften så mycket socker. Spara till helgen!",
        "Tre misstag jag gjorde med min första surdeg, så att du slipper.",
        "Hallonen tog slut före burkarna. Nästa år planterar vi fler buskar.",
        "Så får du en skorpa som sjunger när den svalnar.",
    ),
    "Fjellro": (
        "Tre netter, to regnbyger og én soloppgang vi aldri glemmer.",
        "Første snø på Hardangervidda, og endelig tørr helt inn til kroppen.",
        "Pakkelisten min for en natt ute i november. Lagre den til helgen!",
        "Barna ville ikke hjem. Det sier egentlig alt om turen.",
        "Ull innerst, skall ytterst, kakao i midten.",
    ),
}
ASKS = {
    "FI": "Merkitse mainos heti ensimmäiselle riville, kiitos. Muuten tämä on valmis.",
    "SE": "Skriv att det är reklam redan på första raden, tack. I övrigt är det klart.",
    "NO": "Skriv at det er reklame helt først, takk. Ellers er dette klart.",
}
STYLE = {
    "FI": "Kuva on hieno! Näytä tuote vielä lähempää ja kerro alennuskoodi lopussa.",
    "SE": "Fin bild! Visa produkten närmare och nämn rabattkoden i slutet.",
    "NO": "Fint bilde! Vis produktet nærmere og nevn rabattkoden til slutt.",
}
PRAISE = {"FI": "Upea, kiitos!", "SE": "Jättefint, tack!", "NO": "Kjempefint, takk!"}
MISMATCH = {
    "FI": "Mainosmerkintä puuttuu julkaistusta tekstistä.",
    "SE": "Reklammärkningen saknas i det publicerade inlägget.",
    "NO": "Reklamemerkingen mangler i det publiserte innlegget.",
}
OFFER = {
    "FI": "Hei {name}! Olemme seuranneet tiliäsi ja haluaisimme sinut mukaan kampanjaan {campaign}.",
    "SE": "Hej {name}! Vi tycker om det du gör och vill gärna ha med dig i {campaign}.",
    "NO": "Hei {name}! Vi liker det du lager og vil gjerne ha deg med i {campaign}.",
}
COUNTER = {
    "FI": "Kiitos tarjouksesta! Videon kuvaaminen vie kaksi päivää, joten toivoisin hieman suurempaa palkkiota.",
    "SE": "Tack för erbjudandet! Filmen tar två dagar att göra, så jag skulle vilja ha lite mer betalt.",
    "NO": "Takk for tilbudet! Filmen tar to dager å lage, så jeg håper på litt høyere betaling.",
}
UNVETTED = {
    "FI": "Asiakas on tehnyt hänen kanssaan yhteistyötä jo aiemmin.",
    "SE": "Kunden har arbetat med personen tidigare.",
    "NO": "Kunden har samarbeidet med personen tidligere.",
}
REASONS = {
    "left": {
        "FI": "Elämäntilanne muuttui, en ehdi tehdä tätä kunnolla.",
        "SE": "Jag hinner tyvärr inte göra det ordentligt.",
        "NO": "Jeg rekker dessverre ikke å gjøre det ordentlig.",
    },
    "paused": {
        "FI": "Odotetaan uutta tuote-erää.",
        "SE": "Vi väntar på nästa leverans.",
        "NO": "Vi venter på neste parti fra fabrikken.",
    },
    "withdrawn": {
        "FI": "Kampanjan painopiste muuttui.",
        "SE": "Kampanjen fick en annan inriktning.",
        "NO": "Kampanjen fikk en annen retning.",
    },
    "cancelled": {
        "FI": "Tuote vedettiin myynnistä.",
        "SE": "Kastrullen drogs tillbaka från butikerna.",
        "NO": "Produktet ble trukket fra butikkene.",
    },
    "waived": {
        "FI": "Merkintä näkyy videossa koko ajan, tarkistettu yhdessä vaikuttajan kanssa.",
        "SE": "Märkningen syns i filmen hela tiden, kontrollerat tillsammans.",
        "NO": "Merkingen synes i filmen hele tiden, kontrollert sammen.",
    },
    "written_off": {
        "FI": "Tilaukset peruttiin meistä johtuvasta syystä.",
        "SE": "Köpen hävdes av skäl som beror på oss.",
        "NO": "Kjøpene ble hevet av grunner som ligger hos oss.",
    },
    "failed": {
        "FI": "Pankki hylkäsi maksun: tili on suljettu.",
        "SE": "Banken avvisade betalningen: kontot är avslutat.",
        "NO": "Banken avviste betalingen: kontoen er avsluttet.",
    },
    "returned": {
        "FI": "Paketti palautui noutamattomana.",
        "SE": "Paketet kom tillbaka utan att ha hämtats.",
        "NO": "Pakken kom tilbake uten å være hentet.",
    },
}
BRIEF = {
    "FI": (
        ("goals", "must", "Kampanjan jälkeen useampi tuntee tuotteen {product} ja tietää, mihin se sopii."),
        ("audience", "should", "25–45-vuotiaat, jotka seuraavat arjen ja kodin sisältöjä."),
        ("messages", "must", "{product} tehdään Suomessa pienissä erissä."),
        ("guidelines", "free", "Musiikki ja kuvakulmat ovat sinun. Ei ennen–jälkeen-kuvia."),
        ("guidelines", "must", "Mainos-merkintä heti alussa, kuvassa tai tekstin ensimmäisellä rivillä."),
        ("cta", "should", "Kerro alennuskoodi ja ohjaa verkkokauppaan."),
        ("timeline", "must", "Luonnos viikkoa ennen julkaisua, vastaamme kolmessa päivässä."),
        ("reporting", "should", "Luvut viikon ja kolmen viikon kohdalla."),
    ),
    "SE": (
        ("goals", "must", "Fler ska känna till {product} och vilja prova."),
        ("audience", "should", "Hemmakockar 25–50 år som följer mat och vardag."),
        ("messages", "must", "{product} görs i Skåne med råvaror från gårdar i närheten."),
        ("guidelines", "free", "Musik och vinklar väljer du själv."),
        ("guidelines", "must", "Skriv att det är reklam först, i bild eller på första raden."),
        ("cta", "should", "Nämn rabattkoden och länka till butiken."),
        ("timeline", "must", "Utkast en vecka före publicering, svar inom tre dagar."),
        ("reporting", "should", "Siffror efter en vecka och efter tre veckor."),
    ),
    "NO": (
        ("goals", "must", "Flere skal kjenne {product} og få lyst ut på tur."),
        ("audience", "should", "Turglade mellom 25 og 45 som bor i eller nær byen."),
        ("messages", "must", "{product} tåler vær fra alle kanter og kan repareres."),
        ("guidelines", "free", "Musikk og vinkler velger du selv."),
        ("guidelines", "must", "Skriv at det er reklame helt først, i bildet eller på første linje."),
        ("cta", "should", "Nevn rabattkoden og lenk til nettbutikken."),
        ("timeline", "must", "Utkast en uke før publisering, svar innen tre dager."),
        ("reporting", "should", "Tall etter en uke og etter tre uker."),
    ),
}
AUDIENCE = {
    "FI": {"residence": "Suomi, etenkin kaupungit", "interests": "koti, hyvinvointi, luonto"},
    "SE": {"residence": "Södra och mellersta Sverige", "interests": "mat, bakning, odling"},
    "NO": {"residence": "Hele landet, mest Østlandet", "interests": "friluft, fjell, familieturer"},
}
