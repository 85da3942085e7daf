#!/bin/sh
# Makes the vectors of this folder with SoX 14.4.2: a short stereo chord in each
# encoding, and beside each file what SoX reads from it, as raw float32.
set -e
cd "$(dirname "$0")"
make() { # name, options of the output
	name=$1
	shift
	sox -D -n -r 8000 -c 2 "$@" "$name.wav" synth 0.0201 sine 440 sine 661 gain -1
	sox -D "$name.wav" -t f32 "$name.f32"
}
make pcm8 -b 8 -e unsigned-integer
make pcm16 -b 16 -e signed-integer
make pcm24 -b 24 -e signed-integer
make pcm32 -b 32 -e signed-integer
make float32 -b 32 -e floating-point
make float64 -b 64 -e floating-point
make mulaw -e mu-law
make alaw -e a-law
# Written to a pipe, so that the sizes in the headers are not known.
sox -D -n -r 8000 -c 2 -b 16 -t wav - synth 0.0201 sine 440 sine 661 gain -1 2>/dev/null | cat > stream.wav
cp pcm16.f32 stream.f32
