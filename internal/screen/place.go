package screen

// placeRules find places finer than a State: coordinates, addresses, towns and
// villages. Routes are described by vocabulary terms and by regions.
func placeRules() []rule {
	return []rule{
		pattern("coordinates", Place, Block, exceptLinks,
			`[-+]?\b\d{1,3}\.\d{3,}°?\s?[NSns]?\s?[,;/ ]\s?[-+]?\d{1,3}\.\d{3,}°?\s?[EWOewo]?\b`+
				`|\b\d{1,3}\s?°\s?\d{1,2}(?:[.,]\d+)?\s?'(?:\s?\d{1,2}(?:[.,]\d+)?\s?(?:"|''))?\s?[NSEWO]?\b`),
		// Open Location Codes: eight digits of a small alphabet, a plus sign, two or more.
		pattern("plus_code", Place, Block, exceptLinks, `\b[23456789CFGHJMPQRVWX]{4,8}\+[23456789CFGHJMPQRVWX]{2,4}\b`),
		pattern("street_address", Place, Block, exceptLinks,
			`(?i:\b(?:jalan|jln|jl|gang|gg)\b\.?\s+(?:[\p{L}.'-]+\s+){1,5}(?:no\.?|nomor|kav\.?)?\s?\d{1,4}\b)`+
				`|(?i:\b\d{1,4}\s?(?:bis|ter)?,?\s+(?:rue|avenue|av\.|boulevard|bd|impasse|chemin|allée|quai)\s+(?:de\s|du\s|des\s|de la\s|d'|l')*\p{L}+)`+
				// The name of an English street has capitals; "2019 before the federal court" has none.
				`|\b\d{1,5}\s+(?:\p{Lu}[\p{L}'-]+\s+){1,3}(?i:street|st\.|road|rd\.?|avenue|ave\.?|lane|boulevard|drive|crescent|terrace)\b`+
				`|(?i:\brt\s?\.?\s?\d{1,3}\s?/\s?rw\s?\.?\s?\d{1,3}\b)`),
		pattern("town", Place, Review, proseOnly,
			`\b(?i:city|town|village|district|province|municipality|commune|ville|quartier|département|kota|desa|kampung|kecamatan|kabupaten|kelurahan|dusun|provinsi)`+
				`\s(?:(?:of|de|du|d')\s?)?\p{Lu}\p{Ll}+`),
		pattern("venue", Place, Review, proseOnly,
			`\b(?i:hotel|hôtel|bar|club|spa|hostel|karaoke|massage parlou?r|restaurant|café|losmen|wisma)\s"?\p{Lu}\p{Ll}+`),
	}
}
