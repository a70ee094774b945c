// Runs on the audio thread: hands every block of sound to the page, channels averaged, some blocks at a time.
const BLOCKS = 4;

class Capture extends AudioWorkletProcessor {
  pieces = [];

  process([channels]) {
    // A source that has not begun, or has ended, gives no channels: nothing was heard.
    if (!channels.length) return true;
    this.pieces.push(channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length));
    if (this.pieces.length === BLOCKS) {
      const size = channels[0].length;
      const pcm = new Float32Array(BLOCKS * size);
      this.pieces.forEach((piece, number) => pcm.set(piece, number * size));
      this.pieces = [];
      this.port.postMessage({ pcm, end: currentTime + size / sampleRate }, [pcm.buffer]);
    }
    return true;
  }
}

registerProcessor("capture", Capture);
