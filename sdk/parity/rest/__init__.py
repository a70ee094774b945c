"""The rest pose contract: in sound that is no speech, a face comes to rest in a stated time and stays there.

`sounds` generates what a microphone hears when nobody speaks, `streams` puts it behind real speech, `figures` measures
how the face comes to rest, `contract` says what is allowed, and `check` runs it all on a bundle.
"""
