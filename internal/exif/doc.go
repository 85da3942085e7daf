// Package exif reads single values, such as which way up an image is, from the
// EXIF part of its file.
package exif
