# ruff: noqa: RUF001 - the letters of many scripts are meant
"""Sentences in each language of the catalogue, written for these tests, with all its sounds."""

import unicodedata

SENTENCES = {
    "ar": (
        "صباح الخير، عندي طرد لجارك في الطابق الثالث.",
        "هل يمكنك أن تفتح الباب وتوقّع هنا من فضلك؟",
        "الضيف ينتظر خلف الباب الأزرق منذ ساعة ونصف.",
        "شكرا جزيلا، غدا سأحضر المفاتيح والظروف الصغيرة.",
        "أحمد يقرأ قصة طويلة عن ذئب وحصان وظبي وفيل.",
    ),
    "de": (
        "Guten Morgen, ich habe ein Paket für Ihren Nachbarn im dritten Stock.",
        "Könnten Sie bitte die Tür öffnen und hier unterschreiben?",
        "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
        "Das Mädchen hört schöne Musik und pflückt zwei Äpfel vom Bäumchen.",
        "Jeans, Garage, Chance und Pizza sprechen wir auch, nicht wahr?",
    ),
    "en": (
        "Good morning, I have a parcel for your neighbour on the third floor.",
        "Could you please open the door and sign here, or should I wait?",
        "The quick brown fox jumps over the lazy dog while birds are singing.",
        "They thought the weather was rather fierce, but the voyage gave them pleasure.",
        "Which nurse heard the poor boy's joyful yawn, and what did she do now?",
    ),
    "es": (
        "Buenos días, tengo un paquete para su vecino del tercer piso.",
        "¿Podría abrir la puerta y firmar aquí, por favor?",
        "El pingüino hizo kilómetros bajo la lluvia y añoraba a su querido cachorro.",
        "Mañana llega el hielo, ayer hubo guerra y jugamos con ciento veinte globos.",
        "La señora que vive abajo dejó sus llaves y gafas en el coche rojo.",
    ),
    "fr": (
        "Bonjour, j'ai un colis pour votre voisin du troisième étage.",
        "Pourriez-vous ouvrir la porte et signer ici, s'il vous plaît ?",
        "Portez ce vieux whisky au juge blond qui fume, un brun, un lundi.",
        "La grenouille et l'oiseau font leur nid huit jours plus tard à la campagne.",
        "Cette jeune fille veut du beurre, deux œufs et un peu de pain chaud.",
    ),
    "it": (
        "Buongiorno, ho un pacco per il suo vicino del terzo piano.",
        "Potrebbe aprire la porta e firmare qui, per favore?",
        "Pranzo d'acqua fa volti sghembi, ma gli gnomi scelgono zucchero e ghiaccio.",
        "Questa sera la famiglia mangia gnocchi, pesce e aglio con la zia.",
        "Giovanni ha lasciato le chiavi di casa sul tavolo della cucina.",
    ),
    "nl": (
        "Goedemorgen, ik heb een pakje voor uw buurman op de derde verdieping.",
        "Wilt u de deur opendoen en hier tekenen, alstublieft?",
        "Pa's wijze lynx bezag vroom het fikse aquaduct in de zomerse zon.",
        "De vrouw huilt om een mooie neus, een gele jas en een ui in de schuur.",
        "Het schip vaart langzaam langs de rivier, en de jongen zingt zachtjes een lied.",
    ),
    "pl": (
        "Dzień dobry, mam paczkę dla pańskiego sąsiada z trzeciego piętra.",
        "Czy może pani otworzyć drzwi i podpisać się tutaj?",
        "Pchnąć w tę łódź jeża lub ośm skrzyń fig.",
        "Szczebrzeszyn, źdźbło, dżungla i żółw to trudne słowa, ale brzmią pięknie.",
        "Wczoraj ciocia zjadła świeże pierogi, a dzieci piły gorącą herbatę z miodem.",
    ),
    "pt": (
        "Bom dia, tenho uma encomenda para o seu vizinho do terceiro andar.",
        "A senhora pode abrir a porta e assinar aqui, por favor?",
        "Luís argüia à Júlia que brações, fé, chá, óxido, pôr e zângão eram palavras.",
        "Amanhã não há pão, mas os irmãos põem o carro velho na rua quente.",
        "O galinheiro fica atrás da chácara, e o rei comeu melão com queijo.",
    ),
    "ro": (
        "Bună dimineața, am un colet pentru vecinul dumneavoastră de la etajul trei.",
        "Puteți să deschideți ușa și să semnați aici, vă rog?",
        "Gheorghe bea o ceașcă de ceai fierbinte și mănâncă pâine cu brânză.",
        "Jucăuș și vesel, câinele fuge prin iarbă după doi iepuri și o vulpe.",
        "Mâine în zori pleacă lupii, ochii și urechile lor sunt foarte ageri.",
    ),
    "ru": (
        "Доброе утро, у меня посылка для вашего соседа с третьего этажа.",
        "Не могли бы вы открыть дверь и расписаться здесь, пожалуйста?",
        "Съешь же ещё этих мягких французских булок, да выпей чаю.",
        "Щука и жук живут в чёрной луже, а мышь бежит под вишню.",
        "Юлия вчера купила яблоки, хлеб, мёд, цветы и объявление прочла.",
    ),
    "tr": (
        "Günaydın, üçüncü kattaki komşunuz için bir paketim var.",
        "Kapıyı açıp şurayı imzalar mısınız, lütfen?",
        "Pijamalı hasta yağız şoföre çabucak güvendi.",
        "Ağaçların gölgesinde kâğıt okuyan dört çocuk çay ve ayran içti.",
        "Yarın öğleden sonra eşim jandarmaya giderken vapura binecek.",
    ),
    "uk": (
        "Доброго ранку, у мене посилка для вашого сусіда з третього поверху.",
        "Чи не могли б ви відчинити двері та розписатися тут, будь ласка?",
        "Щасливий їжак з'їв ґречну грушу, дзвінко фиркнув і побіг далі.",
        "Джміль сидів на квітці, а дядько знімав його на фото й усміхався.",
        "Хлопчик цілує свою матусю, п'є чай і читає цікаву книжку про ведмедя.",
    ),
    "zh": (
        "早上好，我有一个包裹要给三楼的邻居。",
        "请您开一下门，在这里签字，好吗？",
        "他们去年冬天从北京坐火车到广州旅游。",
        "女儿喜欢喝热茶，儿子想吃草莓和牛肉面。",
        "我觉得这把雨伞很贵，可是质量非常好，你说呢？",
    ),
}  # fmt: skip

NUMBERS = " ".join(str(number) for number in (*range(61), 77, 88, 99, 101, 1000, 1984, 20_000))
"""Spoken in every language: some hundred words more, without a dictionary."""


def texts(language: str) -> tuple[str, ...]:
    """Sentences, numbers and the letters of the language's own alphabet one by one."""
    sentences = SENTENCES[language]
    letters = sorted({letter for text in sentences for letter in text.lower() if letter.isalpha()})
    normal = (unicodedata.normalize("NFC", letter) for letter in letters)
    return (*sentences, NUMBERS, ", ".join(normal))
