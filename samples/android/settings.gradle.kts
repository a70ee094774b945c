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
include(":app")
// The library from its sources, for the dependency "ai.nowface:nowface".
includeBuild("../../runtime_bindings/android")
