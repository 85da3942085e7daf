// Package arrowschema reads and writes the schemas of Arrow: what a Feather file
// says of its columns, and what a Parquet file does that was made of Arrow's.
//
//	s, err := arrowschema.Parse(text, limits) // the metadata arrowschema.Key
//	if err != nil {
//		return err
//	}
//	for i := range s.Fields {
//		f := &s.Fields[i]
//		fmt.Println(f.Name, f)
//	}
//
// A schema is hostile until checked: format.Limits bounds the number of fields and
// how deep they nest, and what is damaged is an error. Types of a later Arrow are
// none.
//
// A Schema keeps nothing of the bytes that it was read from.
package arrowschema
