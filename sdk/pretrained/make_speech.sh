#!/usr/bin/env bash
# Make speech.flac, the speech that test vectors are recorded from, and speech.phones.txt, when each of its phones
# sounds. See README.md beside this file.
# Needs flite 2.2 and sox 14.4:  apt-get install flite sox
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
destination=${1:-$here/speech.flac}
labels=${destination%.*}.phones.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One sentence a file: speech cut to its ends (0.5 % of full scale), with fades of 10 ms so that no cut clicks. Beside it
# how many samples were cut from its start, and the phones that flite says it spoke: name and end in seconds.
sentence() {
    flite -voice rms -psdur -t "$2" -o "$work/raw.wav" | tr ' ' '\n' | sed '/^$/d' > "$work/$1.phones"
    sox -D "$work/raw.wav" "$work/begun.wav" silence 1 0.01 0.5%
    sox -D "$work/begun.wav" "$work/$1.wav" fade t 0.01 reverse silence 1 0.01 0.5% fade t 0.01 reverse
    echo $(($(soxi -s "$work/raw.wav") - $(soxi -s "$work/begun.wav"))) > "$work/$1.cut"
}
sentence first "Maybe Bob and Mary brought five warm apple pies over the bay."
sentence second "Our blue boat moves beautifully. Keep calm, and phone my family."

# 0.3 s of digital silence, the first sentence, 0.8 s of silence, the second, 0.4 s of silence; peak at -3 dBFS.
opening=4800 pause=12800
sox -D "$work/first.wav" "$work/opening.wav" pad ${opening}s ${pause}s
sox -D "$work/second.wav" "$work/closing.wav" pad 0 0.4
sox -D "$work/opening.wav" "$work/closing.wav" -b 16 --comment "" "$destination" norm -3

# placed NAME SAMPLE: the phones of a sentence that begins at that sample of the file, as a label track: start and end in
# seconds on whole samples at 16 kHz, and the name in ARPAbet. flite's alphabet differs in ax (ah) and pau, a pause.
placed() {
    awk -F: -v cut="$(<"$work/$1.cut")" -v at="$2" -v length_of="$(soxi -s "$work/$1.wav")" '
        function place(seconds) {
            sample = int(16000 * seconds + 0.5) - cut
            return at + (sample < 0 ? 0 : sample > length_of ? length_of : sample)
        }
        BEGIN { start = place(0) }
        {
            end = place($2)
            if ($1 != "pau" && end > start)
                printf "%.7f\t%.7f\t%s\n", start / 16000, end / 16000, $1 == "ax" ? "ah" : $1
            start = end
        }' "$work/$1.phones"
}
{
    placed first $opening
    placed second $((opening + $(soxi -s "$work/first.wav") + pause))
} > "$labels"
