package screen

// detailRules hold what could help an offender more than a defender, and what
// is told about bodies rather than about methods. Two officers judge it.
func detailRules() []rule {
	return []rule{
		// Bulletins name types of platform. A brand dates quickly, points offenders
		// to it and accuses a company.
		pattern("platform_name", OffenderDetail, Review, proseOnly,
			`(?i)\b(?:facebook|instagram|whatsapp|telegram|tiktok|snapchat|discord|tinder|bumble|badoo|grindr|wechat|line app|viber|kik|omegle|roblox|fortnite|twitch|`+
				`youtube|reddit|onlyfans|craigslist|backpage|leboncoin|vivastreet|michat|bigo|paypal|western union|moneygram|cash app|venmo|gopay|ovo|dana app|airbnb|uber|grab app|gojek|olx|kaskus)\b`),
		pattern("price", OffenderDetail, Review, proseOnly,
			`(?i)(?:[€$£¥]|\b(?:usd|eur|gbp|idr|rp)\b\.?)\s?\d|\b\d[\d.,\s]*\s?(?:[€$£¥]|(?:usd|eur|gbp|idr|euros?|dollars?|pounds?|rupiah|juta|jt)\b)`),
		pattern("sexualised_description", Sexualised, Review, proseOnly,
			`(?i)\b(?:nude|nudes|naked|undress(?:ed|ing)?|genitals?|nue?s?\sdevant|dénudée?s?|déshabillée?s?|telanjang|bugil|alat kelamin)\b`),
	}
}

// terminologyRules hold words that blame or belittle, after the Terminology
// Guidelines for the Protection of Children (Luxembourg) and Protocol article
// 3(b) and (c). Titles of instruments keep their official words.
func terminologyRules() []rule {
	term := func(id, expression string) rule {
		return pattern(id, Terminology, Review, proseOnly, `(?i)\b(?:`+expression+`)\b`)
	}
	return []rule{
		term("term_child_abuse_material", `child(?:ren)?(?:'s)? porn\w*|kiddie porn|pédopornograph\w*|pornographie (?:enfantine|infantile|juvénile)|pornografi anak`),
		term("term_child_in_prostitution", `child prostitut\w*|prostituée?s? (?:enfants?|mineure?s?)|prostitution (?:enfantine|infantile|des enfants|des mineurs)|pelacur anak|pelacuran anak|anak pelacur`),
		term("term_child_sex_tourism", `(?:child )?sex touris[mt]s?|webcam (?:child )?sex(?: tourism)?|tourisme sexuel|pariwisata seks\w*|wisata seks`),
		term("term_person_exploited", `prostitutes?|prostituées?|pelacur|pimps?|proxos?|mucikari|whores?|hookers?|sex slaves?|esclaves? sexuelles?|budak seks|`+
			`(?:clients?|customers?|johns?) (?:of|who (?:buy|pay)|for) (?:sex|prostitut\w+|the (?:victim|child|girl|woman)s?)|pelanggan seks`),
		term("term_consent", `(?:victims?|child(?:ren)?|girls?|boys?|wom[ae]n|she|they|he|persons?) (?:had |has |have |was |were )?(?:freely |voluntarily |willingly )?(?:consented|willing(?:ly)?|chose|agreed to (?:sex|be exploited))|`+
			`(?:victimes?|enfants?|elles?|ils?) (?:(?:ont|a|était|étaient) )?(?:consenti|consentante?s?)|(?:korban|anak) (?:itu )?(?:setuju|rela|mau sendiri|memilih)`),
		term("term_irregular_migrant", `illegal (?:im)?migrants?|illegal aliens?|illegals|clandestins?|(?:im)?migrés? (?:illégaux|clandestins?)|(?:im)?migrants? illégaux|(?:im)?migran (?:ilegal|gelap)|pendatang haram`),
		term("term_rescue", `rescue[ds]?|rescuing|rescue (?:raids?|operations?)|raids?|victimless|descentes? de police|penggerebekan|digerebek`),
		term("cue_origin", `(?:nationalit(?:y|é|ies)|ethnicity|ethnic origin|race|religion|skin colou?r|sexual orientation|origine ethnique|orientation sexuelle|kebangsaan|suku|agama|orientasi seksual)`+
			` (?:is|are|as|est|constitue|sebagai|adalah|merupakan) (?:an? |une? |the )?(?:\p{L}+ )?(?:indicators?|signs?|cues?|red flags?|indices?|signes?|indicateurs?|indikator|tanda)`),
	}
}
