using Nowface.Unity;
using UnityEngine;

/// <summary>
/// A scene in one script: put it on a head that has blendshapes named like ARKit's, give it a clip, and press play.
/// Without a clip the head follows the microphone.
/// </summary>
[AddComponentMenu("Nowface/Talking Head (sample)")]
public sealed class TalkingHead : MonoBehaviour
{
    [Tooltip("What the head says; none: it follows the microphone.")]
    public AudioClip speech;

    [Tooltip("Folder of the bundle in StreamingAssets.")]
    public string bundle = "faceformer";

    private AudioSource voice;
    private NowfaceFace face;

    private void Start()
    {
        // The component begins to load when it is enabled: it is set up before that.
        gameObject.SetActive(false);
        voice = gameObject.AddComponent<AudioSource>();
        voice.clip = speech;
        voice.loop = true;
        voice.playOnAwake = false;
        face = gameObject.AddComponent<NowfaceFace>();
        face.bundle = bundle;
        face.hearing = speech == null ? NowfaceFace.Hearing.Microphone : NowfaceFace.Hearing.AudioSource;
        face.meshes = GetComponentsInChildren<SkinnedMeshRenderer>(true);
        gameObject.SetActive(true);
    }

    private void Update()
    {
        // A clip begins when the model is ready, so that no word is missed.
        if (speech != null && face.IsRunning && !voice.isPlaying) voice.Play();
    }
}
