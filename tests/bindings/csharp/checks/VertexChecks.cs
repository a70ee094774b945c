using System.Linq;
using Nowface.Unity;
using UnityEngine;

namespace Checks
{
    /// <summary>Takes a bundle whose frames are vertices.</summary>
    public static class VertexChecks
    {
        public static void VerticesAreRefused(string folder)
        {
            var face = new NowfaceFace { bundle = folder };
            UnityChecks.Call(face, "OnEnable");
            UnityChecks.Load(face, () => Debug.Lines.Count > 0);
            Expect.True(Debug.Lines.Single().Contains("vertices"), Debug.Lines[0]);
        }
    }
}
