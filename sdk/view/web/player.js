// The sound, whose clock everything else follows.

export class Player {
  constructor(sound, seconds) {
    this.sound = sound;
    this.seconds = seconds;
    // A browser that cannot play the file still shows the faces at any time that is asked for.
    this.silent = false;
    this.wanted = 0;
    sound.addEventListener("error", () => (this.silent = true));
  }

  /** Seconds of the speech that have been heard. */
  get time() {
    return Math.min(this.silent ? this.wanted : this.sound.currentTime, this.seconds);
  }

  get playing() {
    return !this.sound.paused && !this.sound.ended;
  }

  seek(seconds) {
    this.wanted = Math.min(Math.max(seconds, 0), this.seconds);
    if (!this.silent) this.sound.currentTime = this.wanted;
  }

  async toggle() {
    if (this.playing) this.sound.pause();
    else {
      if (this.time >= this.seconds - 0.02) this.seek(0);
      // Refused where nobody has pressed anything yet, or by a pause that follows at once: the button shows it.
      await this.sound.play().catch(() => undefined);
    }
  }

  get speed() {
    return this.sound.playbackRate;
  }

  set speed(rate) {
    this.sound.playbackRate = rate;
  }

  set loop(on) {
    this.sound.loop = on;
  }

  set muted(on) {
    this.sound.muted = on;
  }

  /** Call back whenever it begins or ends to play. */
  onChange(call) {
    for (const event of ["play", "playing", "pause", "ended"]) this.sound.addEventListener(event, call);
  }
}
