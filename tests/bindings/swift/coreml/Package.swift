// swift-tools-version: 6.0
// The package with a stand-in for Apple's module beside it, so that its Core ML files compile on Linux: the test puts the
// sources of both where this file says.
import PackageDescription

let package = Package(
    name: "NowfaceOverCoreML",
    targets: [
        .systemLibrary(name: "CNowface"),
        .target(name: "CoreML"),
        .target(name: "Nowface", dependencies: ["CNowface", "CoreML"]),
        .testTarget(name: "CoreMLTests", dependencies: ["Nowface", "CoreML"]),
    ]
)
