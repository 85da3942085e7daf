package texts

import "slices"

// stockTemplates returns the sentences of the zero Config.
func stockTemplates() []Template {
	return slices.Concat(
		labelled("move",
			"{person} moved from {city} to {city} in {year}.",
			"In {year} {person} left {city} for good.",
			"After {small} years in {city}, {person} went back to {city}.",
			"{person} has lived in {city} since {year}.",
		),
		labelled("meeting",
			"{person} and {person} meet {day} at {time}.",
			"Please invite {person} to the {topic} meeting on {date}.",
			"The {topic} meeting with {organisation} starts at {time}.",
			"Can we shift the call with {person} to {day}, {time}?",
		),
		labelled("order",
			"{person} ordered {small} {goods} for {money}.",
			"Where is my parcel? I bought {small} {goods} on {date}.",
			"{organisation} charged me {money} for {small} {goods}.",
			"Please send {small} {goods} to {person}, {street} {number}, {city}.",
		),
		labelled("travel",
			"Book a {vehicle} from {city} to {city} on {date}.",
			"The {vehicle} to {city} leaves {day} at {time}.",
			"{person} missed the {vehicle} to {city}.",
			"Is there a {vehicle} to {city} before {time}?",
		),
		labelled("weather",
			"{city} expects {weather} {day}.",
			"It was {degrees} degrees in {city} on {date}.",
			"Will there be {weather} in {city} {day}?",
			"{weather_capital} closed the roads around {city}.",
		),
		labelled("business",
			"{organisation} bought {organisation} for {money}.",
			"{organisation} opened an office in {city} in {year}.",
			"{person} became head of {organisation} on {date}.",
			"Shares of {organisation} rose after {person} resigned.",
		),
		labelled("sport",
			"{city} beat {city} {score} on {date}.",
			"{person} scored twice as {city} won {score}.",
			"{person} ran {small} kilometres in {city}.",
			"Tickets for {city} against {city} cost {money}.",
		),
		labelled("family",
			"{person} was born in {city} on {date}.",
			"{person} and {person} married in {year}.",
			"Our cousin {first} turns {number} {day}.",
			"My neighbour {first} met {person} in {city}.",
		),
	)
}

// labelled returns templates that share a label.
func labelled(label string, texts ...string) (t []Template) {
	for _, text := range texts {
		t = append(t, Template{Text: text, Label: label})
	}
	return t
}

// stockSlots returns the slots of the zero Config. Names of organisations are
// made up.
func stockSlots() []Slot {
	return []Slot{
		{Name: "person", Entity: "PERSON", Values: []Value{{"{first} {last}", 6}, {"{title} {last}", 2}, {"{first}", 2}, {"{first} {initial}. {last}", 1}}},
		{Name: "title", Values: Values("Dr", "Mrs", "Mr", "Ms", "Professor")},
		{Name: "initial", Values: Values("A", "B", "D", "E", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "T", "W")},
		{Name: "first", Values: Values(
			"Ada", "Amina", "André", "Anna", "Bao", "Carlos", "Chloé", "Daniel", "Elif", "Emma", "Fatima", "Felix",
			"Grace", "Hana", "Ivan", "Jack", "João", "José", "Kofi", "Lena", "Liam", "Lucía", "Malik", "Maria",
			"Mei", "Nadia", "Noah", "Olga", "Omar", "Priya", "Rosa", "Sam", "Sofia", "Søren", "Tomás", "Yuki", "Zoë")},
		{Name: "last", Values: Values(
			"Adeyemi", "Andersson", "Baker", "Bianchi", "Chen", "Costa", "Dubois", "Fischer", "García", "Haddad", "Hughes", "Ito",
			"Ivanova", "Jensen", "Kaya", "Khan", "Kowalski", "Kumar", "Larsen", "López", "Martin", "Mensah", "Moreau", "Müller",
			"Nguyen", "Novák", "O'Brien", "Okafor", "Park", "Patel", "Rossi", "Sato", "Silva", "Smith", "Tanaka", "Weber", "Young")},
		{Name: "city", Entity: "CITY", Values: Values(
			"Accra", "Athens", "Bergen", "Berlin", "Bogotá", "Boston", "Cairo", "Cape Town", "Chicago", "Córdoba", "Delhi", "Dublin",
			"Genoa", "Hanoi", "Helsinki", "Kraków", "Kyoto", "Lagos", "Lima", "Lisbon", "London", "Lyon", "Malmö", "Montréal",
			"Nairobi", "Naples", "New York", "Oslo", "Porto", "Prague", "São Paulo", "Seoul", "Sydney", "Tunis", "Vienna", "Zürich")},
		{Name: "organisation", Entity: "ORGANISATION", Values: []Value{{"{stem} {form}", 3}, {"{stem} & {last}", 1}, {"Bank of {place}", 1}}},
		{Name: "stem", Values: Values(
			"Alder", "Beacon", "Cobalt", "Delta", "Ember", "Fjord", "Granite", "Harbour", "Ivory", "Juniper", "Kestrel", "Lantern",
			"Meridian", "North Star", "Orchard", "Pioneer", "Quarry", "Redwood", "Saffron", "Tidal", "Umber", "Vantage", "Willow", "Zenith")},
		{Name: "form", Values: Values("Ltd", "Inc.", "GmbH", "Group", "Labs", "Foods", "Motors", "Partners", "Systems", "Energy")},
		{Name: "place", Values: Values("Bergen", "Genoa", "Lagos", "Lima", "Lyon", "Porto", "Tunis", "Vienna")},
		{Name: "street", Entity: "STREET", Values: Values("Abbey Lane", "Bridge Road", "Canal Street", "Church Hill", "Garden Row", "High Street", "Mill Lane", "Oak Avenue", "River Walk", "Station Road")},
		{Name: "year", Entity: "DATE", Low: 1950, High: 2025},
		{Name: "date", Entity: "DATE", Values: []Value{{"{monthday} {month}", 2}, {"{monthday} {month} {plain_year}", 2}, {"{month} {monthday}", 1}}},
		{Name: "monthday", Low: 1, High: 28},
		{Name: "plain_year", Low: 1990, High: 2025},
		{Name: "month", Values: Values("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")},
		{Name: "day", Entity: "DATE", Values: []Value{{"{next}{weekday}", 3}, {"today", 1}, {"tomorrow", 1}, {"this evening", 1}}},
		{Name: "next", Values: Values("", "next ", "this ")},
		{Name: "weekday", Values: Values("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")},
		{Name: "time", Entity: "TIME", Values: []Value{{"{hour}:{minute}", 3}, {"{hour} o'clock", 1}, {"noon", 1}}},
		{Name: "hour", Low: 7, High: 22},
		{Name: "minute", Values: Values("00", "05", "10", "15", "20", "30", "40", "45", "50")},
		{Name: "money", Entity: "MONEY", Values: []Value{{"{currency}{number}", 2}, {"{currency}{small}.{cents}", 2}, {"{number} {unit}", 1}, {"{currency}{small} million", 1}}},
		{Name: "currency", Values: Values("$", "€", "£", "¥")},
		{Name: "unit", Values: Values("dollars", "euros", "pounds", "crowns")},
		{Name: "cents", Values: Values("00", "20", "49", "50", "75", "95", "99")},
		{Name: "goods", Entity: "PRODUCT", Values: []Value{{"{item}", 2}, {"{quality} {item}", 1}}},
		{Name: "quality", Values: Values("small", "large", "red", "blue", "green", "black", "used", "cheap", "wooden")},
		{Name: "item", Values: Values(
			"bicycles", "books", "bottles", "cables", "cameras", "chairs", "clocks", "coats", "cups", "desks", "headphones", "jackets",
			"kettles", "keyboards", "knives", "lamps", "mirrors", "notebooks", "pans", "pens", "phones", "pillows", "rugs", "shelves")},
		{Name: "number", Low: 20, High: 95},
		{Name: "small", Low: 2, High: 19},
		{Name: "degrees", Low: -20, High: 41},
		{Name: "score", Values: []Value{{"{goals}-{goals}", 3}, {"{goals} to {goals}", 1}}},
		{Name: "goals", Low: 0, High: 6},
		{Name: "topic", Values: Values("budget", "design", "hiring", "marketing", "planning", "quarterly", "research", "safety", "sales", "strategy")},
		{Name: "vehicle", Values: Values("bus", "coach", "ferry", "flight", "night train", "taxi", "train")},
		{Name: "weather", Values: Values("fog", "frost", "hail", "heavy rain", "light showers", "snow", "storms", "strong wind", "sunshine", "thunder")},
		{Name: "weather_capital", Values: Values("Fog", "Hail", "Heavy rain", "Ice", "Snow", "Storms", "Strong wind")},
	}
}
