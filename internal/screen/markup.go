package screen

// markupRules refuse everything that is not plain text. Where no picture, frame
// or script can be carried, no face and no tracker can.
func markupRules() []rule {
	return []rule{
		pattern("html", Markup, Block, everywhere, `<\s?/?\s?[A-Za-z!?][^<>\n]{0,400}>|<(?i:script|img|svg|iframe|object|embed|video|audio|style|link|meta)\b`),
		pattern("html_entity", Markup, Block, exceptLinks, `&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31});`),
		pattern("markdown_image", Markup, Block, everywhere, `!\s?\[[^\]\n]{0,200}\]\s?[(\[]`),
		pattern("markdown_link", Markup, Block, everywhere, `\]\s?\(\s?\S|(?m)^\s{0,3}\[[^\]\n]{1,80}\]:\s?\S`),
		pattern("data_address", Markup, Block, everywhere, `(?i)\b(?:data:[a-z]+/|data:;|javascript:|vbscript:|blob:|file:/|cid:)`),
		pattern("percent_encoding", Markup, Block, exceptLinks, `(?:%[0-9A-Fa-f]{2}){2,}`),
		pattern("code_fence", Markup, Review, proseOnly, "(?m)^\\s{0,3}(?:'''|~~~)|\\bbegin [0-7]{3} \\S|-----BEGIN "),
	}
}

// hiddenRules report what folding had to undo. Every other rule already looked
// at the folded text; what was hidden is a reason of its own to refuse, because
// honest text in the supported languages never needs it.
func hiddenRules() []rule {
	of := func(id, kind string, effect Effect) rule {
		return rule{id: id, class: HiddenText, effect: effect, scope: everywhere, source: kind, find: func(v *view) []span {
			var hits []span
			for _, h := range v.hidden {
				// Neighbours are one finding: a word of ten look-alikes is one trick.
				if n := len(hits); n > 0 && h.kind == kind && h.at.start-hits[n-1].end <= 1 {
					hits[n-1].end = h.at.end
				} else if h.kind == kind {
					hits = append(hits, h.at)
				}
			}
			return hits
		}}
	}
	return []rule{
		of("invisible_character", invisible, Block),
		of("control_character", control, Block),
		of("lookalike_letter", lookalike, Block),
		of("foreign_script", script, Review),
		pattern("spaced_letters", HiddenText, Review, everywhere, `(?:\b[\p{L}\d]|[@.])(?:\s[\p{L}\d@.]){6,}(?:\s|$)`),
	}
}
