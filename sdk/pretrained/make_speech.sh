#!/usr/bin/env bash
# Make speech.flac, the speech that test vectors are recorded from. See README.md beside this file.
# Needs flite 2.2 and sox 14.4:  apt-get install flite sox
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
destination=${1:-$here/speech.flac}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One sentence a file: speech cut to its ends (0.5 % of full scale), with fades of 10 ms so that no cut clicks.
sentence() {
    flite -voice rms -t "$2" -o "$work/raw.wav"
    sox -D "$work/raw.wav" "$work/$1.wav" \
        silence 1 0.01 0.5% fade t 0.01 reverse silence 1 0.01 0.5% fade t 0.01 reverse
}
sentence first "Maybe Bob and Mary brought five warm apple pies over the bay."
sentence second "Our blue boat moves beautifully. Keep calm, and phone my family."

# 0.3 s of digital silence, the first sentence, 0.8 s of silence, the second, 0.4 s of silence; peak at -3 dBFS.
sox -D "$work/first.wav" "$work/opening.wav" pad 0.3 0.8
sox -D "$work/second.wav" "$work/closing.wav" pad 0 0.4
sox -D "$work/opening.wav" "$work/closing.wav" -b 16 --comment "" "$destination" norm -3
