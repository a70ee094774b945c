"""What the Asterisk prompts say, for those whose file name tells it: our reading of the names, no copy of a script."""

from __future__ import annotations


def _split(words: str) -> list[str]:
    return words.split()


_CARDINALS = _split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = {20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety"}
_ORDINALS = _split(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
)
_TENTHS = {
    30: "thirtieth", 40: "fortieth", 50: "fiftieth", 60: "sixtieth", 70: "seventieth", 80: "eightieth", 90: "ninetieth",
}  # fmt: skip
_DAYS = _split("sunday monday tuesday wednesday thursday friday saturday")
_MONTHS = _split("january february march april may june july august september october november december")
_NATO = {
    "a": "alpha", "b": "bravo", "c": "charlie", "d": "delta", "e": "echo", "f": "foxtrot", "g": "golf", "h": "hotel",
    "i": "india", "j": "juliet", "k": "kilo", "l": "lima", "m": "mike", "n": "november", "o": "oscar", "p": "papa",
    "q": "quebec", "r": "romeo", "s": "sierra", "t": "tango", "u": "uniform", "v": "victor", "w": "whiskey",
    "x": "xray", "y": "yankee", "z": "zulu", "9": "niner",
}  # fmt: skip
_WORDS_IN_DIGITS = _split("billion million thousand hundred pound star minus dollars oh at today tomorrow yesterday")
_SAID_AS_NAMED = _split(
    "activated added calling cancelled disabled enabled extension for goodbye hello hours is location lowercase "
    "minute minutes number removed second seconds sorry time uppercase with your call-forwarding "
    "call-waiting do-not-disturb from-unknown-caller hello-world is-in-use is-set-to one-moment-please "
    "please-try-again speed-dial telephone-number to-call-this-number to-extension to-listen-to-it to-rerecord-it "
    "you-entered"
)
_PHRASES = {
    "de-activated": "deactivated",
    "transfer": "please hold while i try that extension",
    "if-correct-press": "if this is correct press",
    "invalid": "i'm sorry that is not a valid extension please try again",
    "im-sorry": "i'm sorry",
    "all-circuits-busy-now": "all circuits are busy now",
    "something-terribly-wrong": "something is terribly wrong",
    "please-try-call-later": "please try your call later",
    "number-not-answering": "the number is not answering",
    "num-was-successfully": "number was successfully",
    "check-number-dial-again": "please check the number and dial again",
    "at-tone-time-exactly": "at the sound of the tone the time will be exactly",
    "info-about-last-call": "information about your last call",
    "cannot-complete-as-dialed": "your call cannot be completed as dialed",
    "speed-dial-empty": "the speed dial entry you accessed is empty",
    "simul-call-limit-reached": "simultaneous call limit reached",
    "pls-hold-while-try": "please hold while i try to connect you",
    "vm-goodbye": "goodbye",
    "vm-INBOX": "new",
    "vm-Old": "old",
    "vm-Family": "family",
    "vm-Friends": "friends",
    "vm-Work": "work",
    "vm-Urgent": "urgent",
    "vm-and": "and",
    "vm-deleted": "message deleted",
    "vm-undeleted": "message undeleted",
    "vm-duration": "this message lasts",
    "vm-extension": "extension",
    "vm-first": "first",
    "vm-last": "last",
    "vm-for": "for",
    "vm-from": "from",
    "vm-from-extension": "message from extension",
    "vm-from-phonenumber": "message from phone number",
    "vm-incorrect": "login incorrect",
    "vm-incorrect-mailbox": "login incorrect mailbox",
    "vm-login": "comedian mail mailbox",
    "vm-mailboxfull": "sorry but the user's mailbox can't accept more messages",
    "vm-message": "message",
    "vm-messages": "messages",
    "vm-minutes": "minutes",
    "vm-msgsaved": "your message has been saved",
    "vm-msgforwarded": "your message has been forwarded",
    "vm-nomore": "no more messages",
    "vm-nonumber": "i'm afraid i don't know who sent this message",
    "vm-no": "no",
    "vm-onefor": "press one for",
    "vm-password": "password",
    "vm-passchanged": "your passwords have been changed",
    "vm-newpassword": "please enter your new password followed by the pound key",
    "vm-reenterpassword": "please re enter your password followed by the pound key",
    "vm-press": "press",
    "vm-received": "received",
    "vm-repeat": "press five to repeat the current message",
    "vm-delete": "press seven to delete this message",
    "vm-undelete": "press seven to undelete this message",
    "vm-next": "press six to play the next message",
    "vm-prev": "press four for the previous message",
    "vm-saved": "saved",
    "vm-savedto": "saved to",
    "vm-sorry": "i'm sorry i did not understand your response",
    "vm-theperson": "the person at extension",
    "vm-isonphone": "is on the phone",
    "vm-isunavail": "is unavailable",
    "vm-then-pound": "then press pound",
    "vm-tooshort": "your message is too short",
    "vm-unknown-caller": "from an unknown caller",
    "vm-whichbox": "to leave a message please enter a mailbox number",
    "vm-youhave": "you have",
    "vm-pls-try-again": "please try again",
    "vm-star-cancel": "press star to cancel",
    "vm-calldiffnum": "press two to enter a different number",
    "vm-tocallback": "press two to call the person who sent this message",
    "vm-tocallnum": "press one to call this number",
    "vm-leavemsg": "press five to leave a message",
    "vm-rec-name": "after the tone say your name and then press the pound key",
    "vm-nobodyavail": "nobody is available to take your call at the moment",
    "vm-starmain": "press star to return to the main menu",
    "conf-getpin": "please enter the conference pin number",
    "conf-invalidpin": "that pin is invalid for this conference",
    "conf-hasjoin": "is now in the conference",
    "conf-hasleft": "has left the conference",
    "conf-kicked": "you have been kicked from this conference",
    "conf-locked": "this conference is locked",
    "conf-lockednow": "the conference is now locked",
    "conf-unlockednow": "the conference is now unlocked",
    "conf-muted": "you are now muted",
    "conf-unmuted": "you are now unmuted",
    "conf-onlyperson": "you are currently the only person in this conference",
    "conf-placeintoconf": "you will now be placed into the conference",
    "conf-thereare": "there are currently",
    "conf-otherinparty": "other participants in the conference",
    "conf-enteringno": "you are entering conference number",
    "conf-getconfno": "please enter your conference number followed by the pound key",
    "conf-full": "this conference is full",
    "conf-noempty": "no empty conferences currently exist",
    "conf-waitforleader": "the conference will begin when the leader arrives",
    "conf-leaderhasleft": "the leader has left the conference",
    "conf-now-recording": "the conference is now being recorded",
    "confbridge-has-joined": "has joined the conference",
    "confbridge-has-left": "has left the conference",
    "confbridge-locked": "the conference is now locked",
    "confbridge-unlocked": "the conference is now unlocked",
    "confbridge-muted": "you are now muted",
    "confbridge-unmuted": "you are no longer muted",
    "confbridge-participants": "participants in the conference",
    "confbridge-pin": "please enter your personal identification number followed by the pound or hash key",
    "confbridge-there-are": "there are currently",
    "confbridge-only-participant": "you are currently the only participant in the conference",
    "confbridge-removed": "you have been removed from the conference",
    "confbridge-invalid": "you have entered an invalid option",
    "confbridge-conf-begin": "the conference will now begin",
    "confbridge-conf-end": "the conference has ended",
    "queue-holdtime": "the estimated hold time is currently",
    "queue-less-than": "less than",
    "queue-minute": "minute",
    "queue-minutes": "minutes",
    "queue-seconds": "seconds",
    "queue-thankyou": "thank you for your patience",
    "queue-thereare": "you are currently caller number",
    "queue-youarenext": "your call is now first in line and will be answered by the next available representative",
    "queue-callswaiting": "waiting to speak with a representative",
    "agent-user": "agent login please enter your agent number followed by the pound key",
    "agent-pass": "please enter your password followed by the pound key",
    "auth-thankyou": "thank you",
    "demo-echodone": "the echo test has been completed",
    "pbx-invalid": "i'm sorry that's not a valid extension please try again",
    "pbx-transfer": "transfer",
    "pbx-invalidpark": "i am sorry but there is no call parked on that extension please try again",
    "privacy-thankyou": "thank you",
    "ss-noservice": "the number you have dialed is not in service please check the number and try again",
    "tt-somethingwrong": "something is terribly wrong",
    "tt-monkeysintro": "they have been carried away by monkeys",
    "tt-weasels": "weasels have eaten our phone system",
    "dir-nomore": "there are no more compatible entries in the directory",
    "dir-nomatch": "no directory entries match your search",
    "digits/a-m": "a m",
    "digits/p-m": "p m",
    "digits/oclock": "o'clock",
    "followme/call-from": "incoming call from",
    "followme/sorry": "i'm sorry but we were unable to locate the person you were calling",
    "letters/at": "at",
    "letters/asterisk": "asterisk",
    "letters/dash": "dash",
    "letters/dollar": "dollar",
    "letters/dot": "dot",
    "letters/equals": "equals",
    "letters/plus": "plus",
    "letters/slash": "slash",
    "letters/space": "space",
    "letters/exclaimation-point": "exclamation point",
    "dictate/pause": "pause",
    "dictate/paused": "paused",
    "spy-local": "local",
    "spy-agent": "agent",
    "spy-console": "console",
}


def _prompts() -> dict[str, str]:
    numbers = {f"digits/{n}": word for n, word in enumerate(_CARDINALS)}
    numbers |= {f"digits/{n}": word for n, word in _TENS.items()}
    ordinals = {f"digits/h-{n}": word for n, word in enumerate(_ORDINALS, 1)}
    ordinals |= {f"digits/h-{n}": word for n, word in _TENTHS.items()}
    ordinals |= {f"digits/h-{word}": f"{word}th" for word in ("hundred", "thousand", "million", "billion")}
    days = {f"digits/day-{n}": word for n, word in enumerate(_DAYS)}
    months = {f"digits/mon-{n}": word for n, word in enumerate(_MONTHS)}
    letters = {f"letters/{letter}": letter for letter in "abcdefghijklmnopqrstuvwxyz"}
    nato = {f"phonetic/{key}_p": word for key, word in _NATO.items()}
    named = {key: key.replace("-", " ") for key in _SAID_AS_NAMED}
    digits = {f"digits/{word}": word for word in _WORDS_IN_DIGITS}
    return numbers | ordinals | days | months | letters | nato | named | digits | _PHRASES


PROMPTS: dict[str, str] = _prompts()
"""Path of a prompt in its language's folder, without suffix -> the words, lower case, numbers spelt out."""
