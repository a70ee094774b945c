package ai.nowface.sample

import android.Manifest
import android.app.Activity
import android.content.pm.PackageManager
import android.os.Bundle
import java.io.File
import kotlin.concurrent.thread

/** Asks for the microphone and shows a mouth that says what it hears. */
class MainActivity : Activity() {
    private lateinit var view: MouthView
    private var stream: FaceStream? = null
    private var resumed = false

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        view = MouthView(this)
        setContentView(view)
        if (!mayRecord()) requestPermissions(arrayOf(Manifest.permission.RECORD_AUDIO), 0)
    }

    override fun onResume() {
        super.onResume()
        resumed = true
        if (mayRecord()) begin()
    }

    override fun onPause() {
        resumed = false
        stream?.close()
        stream = null
        super.onPause()
    }

    /** Loads off the main thread: opening compares hashes, and a session loads and warms the model. */
    private fun begin() {
        thread(name = "load") {
            val loaded = FaceStream(unpackedBundle())
            runOnUiThread {
                if (resumed && stream == null) {
                    stream = loaded.also { it.start(view) }
                } else {
                    loaded.close()
                }
            }
        }
    }

    private fun mayRecord() = checkSelfPermission(Manifest.permission.RECORD_AUDIO) == PackageManager.PERMISSION_GRANTED

    /** The bundle in the app's own files: a bundle is a folder, and assets are none. A new version's is unpacked anew. */
    @Synchronized
    private fun unpackedBundle(): File {
        val installed = packageManager.getPackageInfo(packageName, 0).lastUpdateTime
        val folder = File(noBackupFilesDir, "bundle-$installed")
        if (folder.exists()) return folder
        val partial = File(noBackupFilesDir, "bundle.partial")
        noBackupFilesDir.listFiles { file -> file.name.startsWith("bundle") }?.forEach(File::deleteRecursively)
        unpack("bundle", partial)
        check(partial.renameTo(folder)) { "cannot rename $partial" }
        return folder
    }

    private fun unpack(asset: String, target: File) {
        val children = assets.list(asset).orEmpty()
        if (children.isEmpty()) {
            assets.open(asset).use { from -> target.outputStream().use(from::copyTo) }
        } else {
            target.mkdirs()
            for (child in children) unpack("$asset/$child", File(target, child))
        }
    }
}
