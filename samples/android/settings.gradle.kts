pluginManagement {
    repositories {
        google()
        mavenCentral()
    }
}
dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}
rootProject.name = "mouth"
include(":app", ":nowface")
project(":nowface").projectDir = file("../../runtime_bindings/android")
