// The Android library: the classes of ../java and ../kotlin, and libnowface with ExecuTorch inside it.
//
//   gradle assembleRelease -Pnowface.executorch=DIR -Pnowface.json=DIR [-Pnowface.abi=arm64-v8a]
//
// README.md says what the two folders are.
import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    id("com.android.library") version "8.7.3"
    id("org.jetbrains.kotlin.android") version "2.1.0"
}

group = "ai.nowface"
version = "0.1.0"

android {
    namespace = "ai.nowface"
    compileSdk = 35

    defaultConfig {
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
        externalNativeBuild {
            cmake {
                targets += listOf("nowface", "nowface_jni")
                arguments +=
                    listOf(
                        "-DNOWFACE_EXECUTORCH=package",
                        "-DNOWFACE_VERSION=${project.version}",
                        "-Dexecutorch_DIR=${setting("nowface.executorch")}",
                        "-Dnlohmann_json_DIR=${setting("nowface.json")}",
                        // Devices from Android 15 on may have memory pages of 16 KiB.
                        "-DANDROID_SUPPORT_FLEXIBLE_PAGE_SIZES=ON",
                    )
            }
        }
        ndk {
            abiFilters += providers.gradleProperty("nowface.abi").getOrElse("arm64-v8a")
        }
    }
    externalNativeBuild {
        cmake {
            path = file("../java/CMakeLists.txt")
            version = "3.31.6"
        }
    }
    sourceSets["main"].java.srcDir("../java/src")
    sourceSets["main"].kotlin.srcDir("../kotlin/src")
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_17
    }
}

/** A property that the build cannot do without. */
fun setting(name: String): String =
    providers.gradleProperty(name).orNull ?: error("$name is not set: give -P$name=DIR, see README.md")
