// Command jpeg writes the kernels of package jpegsimd, which its plain twins
// explain.
package main
