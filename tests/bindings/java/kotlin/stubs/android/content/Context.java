package android.content;

import android.content.pm.PackageManager;
import android.content.res.AssetManager;
import java.io.File;

public abstract class Context {
    public AssetManager getAssets() {
        return null;
    }

    public PackageManager getPackageManager() {
        return null;
    }

    public String getPackageName() {
        return null;
    }

    public File getNoBackupFilesDir() {
        return null;
    }

    public int checkSelfPermission(String permission) {
        return 0;
    }
}
