// Package exif reads which way up an image is from the EXIF part of its file.
package exif
