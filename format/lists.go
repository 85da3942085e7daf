package format

// LengthsSuffix is what the lengths of a list of texts, or of binary values, have
// behind the name of their column.
//
// A row of such a column x is a list of values that vary by themselves. It becomes
// two fields: x, uint8 (?), with the bytes of all values one behind another, and
// x.lengths, int32 (?) of kind.Lengths, which lives on x, with the bytes of each of
// them. x is of kind.Texts if the values are texts. Where all lists are of one
// length, n, as the types of the file say, the lengths have shape (n), or (?, n) in
// lists of such lists. Nulls are as in lists of whole numbers: those that become zeros
// there are empty values here.
const LengthsSuffix = ".lengths"
