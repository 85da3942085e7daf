// Package texts generates sentences from templates, with the exact place of
// every name and number in them: for text classification, entity recognition
// and slot filling.
//
//	gen, err := texts.New(texts.Config{
//		Templates: []texts.Template{
//			{Text: "{person} moved from {city} to {city} in {year}.", Label: "move"},
//			{Text: "Book a flight to {city} for {person}.", Label: "travel", Weight: 2},
//		},
//		Slots: []texts.Slot{
//			{Name: "person", Entity: "PERSON", Values: []texts.Value{{Text: "{first} {last}"}}},
//			{Name: "first", Values: texts.Values("Ada", "Zoë", "Max")},
//			{Name: "last", Values: texts.Values("Turner", "Okafor")},
//			{Name: "city", Entity: "CITY", Values: texts.Values("Lisbon", "Łódź")},
//			{Name: "year", Entity: "DATE", Low: 1950, High: 2024},
//		},
//	})
//	...
//	src := synth.New(gen, 1_000_000, 1)
//
// Slots may hold slots, but not themselves. A sample has these fields:
//
//	text      uint8 (?)     UTF-8
//	spans     int32 (n, 2)  on text: first and past-the-last byte of each entity, in order of their first byte
//	entities  int32 (n)     follows spans: what each span is
//	label     int32         label of the template
//
// Where one entity begins with another, the outer comes first. With a zero
// Config the sentences are about people, places, trade and weather.
package texts
