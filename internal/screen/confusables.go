package screen

// punctuation maps typographic marks to those that the patterns spell.
var punctuation = map[rune]string{
	'‘': "'", '’': "'", '‚': "'", '‛': "'", '′': "'", 'ʼ': "'", 'ʹ': "'", '`': "'", '´': "'",
	'“': `"`, '”': `"`, '„': `"`, '″': `"`, '«': `"`, '»': `"`,
	'·': ".", '•': ".", '․': ".", '。': ".", '∙': ".", '⋅': ".", '٫': ".",
	'⁄': "/", '∕': "/", '⧸': "/", '∶': ":", 'ː': ":", '꞉': ":",
}

// confusables maps letters of other scripts to the Latin letter that they look
// like: the part of UTS #39 that matters for Latin text, kept small so that a
// person can check it.
var confusables = map[rune]rune{
	// Cyrillic
	'а': 'a', 'А': 'A', 'в': 'b', 'В': 'B', 'ь': 'b', 'с': 'c', 'С': 'C', 'ԁ': 'd', 'е': 'e', 'Е': 'E', 'ё': 'e', 'Ё': 'E',
	'ғ': 'f', 'ԍ': 'g', 'һ': 'h', 'Н': 'H', 'н': 'h', 'і': 'i', 'І': 'I', 'ї': 'i', 'ј': 'j', 'Ј': 'J', 'к': 'k', 'К': 'K',
	'ӏ': 'l', 'Ӏ': 'l', 'м': 'm', 'М': 'M', 'п': 'n', 'о': 'o', 'О': 'O', 'р': 'p', 'Р': 'P', 'ԛ': 'q', 'г': 'r',
	'ѕ': 's', 'Ѕ': 'S', 'т': 't', 'Т': 'T', 'ц': 'u', 'ѵ': 'v', 'Ѵ': 'V', 'ԝ': 'w', 'Ԝ': 'W', 'х': 'x', 'Х': 'X',
	'у': 'y', 'У': 'Y', 'ү': 'y', 'Ү': 'Y', 'ᴢ': 'z', 'з': '3', 'З': '3', 'б': '6', 'ч': '4',
	// Greek
	'α': 'a', 'Α': 'A', 'β': 'b', 'Β': 'B', 'ϲ': 'c', 'Ϲ': 'C', 'ε': 'e', 'Ε': 'E', 'Η': 'H', 'ι': 'i', 'Ι': 'I', 'ϳ': 'j',
	'κ': 'k', 'Κ': 'K', 'Μ': 'M', 'η': 'n', 'Ν': 'N', 'ο': 'o', 'Ο': 'O', 'ρ': 'p', 'Ρ': 'P', 'τ': 't', 'Τ': 'T',
	'υ': 'u', 'Υ': 'Y', 'ν': 'v', 'ω': 'w', 'χ': 'x', 'Χ': 'X', 'γ': 'y', 'Ζ': 'Z',
	// Armenian, Cherokee, Lisu and other single look-alikes
	'օ': 'o', 'Օ': 'O', 'ս': 'u', 'ո': 'n', 'հ': 'h', 'ց': 'g', 'զ': 'q', 'ա': 'w', 'Ꭺ': 'A', 'Ᏼ': 'B', 'Ꮯ': 'C', 'Ꭼ': 'E',
	'Ꮋ': 'H', 'Ꭻ': 'J', 'Ꮶ': 'K', 'Ꮇ': 'M', 'Ꮲ': 'P', 'Ꮪ': 'S', 'Ꭲ': 'T', 'Ꮩ': 'V', 'Ꮃ': 'W', 'ꓮ': 'A', 'ꓐ': 'B', 'ꓳ': 'O',
	// Latin letters that pass for others and belong to none of the languages
	'ı': 'i', 'ɑ': 'a', 'ɡ': 'g', 'ɩ': 'i', 'ʟ': 'l', 'ƅ': 'b', 'ᴏ': 'o', 'ᴜ': 'u', 'ᴠ': 'v', 'ᴡ': 'w', 'ꜱ': 's', 'ǀ': 'l',
}
