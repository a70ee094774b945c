"""MeshTalk as stages that stream: nothing looks ahead, and a frame costs the same however long the stream has been."""
