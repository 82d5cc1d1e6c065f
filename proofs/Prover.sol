// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev The cheat codes of forge that the proofs use.
interface Vm {
    function store(address target, bytes32 slot, bytes32 value) external;
    function load(address target, bytes32 slot) external returns (bytes32);
    function deal(address who, uint256 amount) external;
    function warp(uint256 time) external;
    function prank(address sender) external;
    function assume(bool condition) external;
}

/// @dev The cheat codes of halmos that the proofs use.
interface Svm {
    function createBytes(uint256 length, string memory name) external returns (bytes memory);
}

/// @title The base of all proofs: cheat codes, deployment of the packaged code, storage slots
/// @dev A function `check_...` must hold for all arguments; one named `check_CONTROL_...` must not.
abstract contract Prover {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    Svm internal constant svm = Svm(0xF3993A62377BCd56AE39D773740A5390411E8BC9);

    /// @dev An account unknown to the contract under proof.
    address internal constant STRANGER = address(0x57A6);

    /// @dev ChunkTree packaged creation code with ABI-encoded constructor arguments.
    function deploy(bytes memory code, bytes memory arguments) internal returns (address made) {
        bytes memory all = bytes.concat(code, arguments);
        assembly ("memory-safe") {
            made := create(0, add(all, 32), mload(all))
        }
        require(made != address(0) && made.code.length > 1000, "not deployed");
    }

    /// @dev Returns the slot of the value of `key` in a mapping at `slot`.
    function placeOf(bytes32 key, uint256 slot) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(key, slot)));
    }

    function put(address target, uint256 place, uint256 word) internal {
        vm.store(target, bytes32(place), bytes32(word));
    }

    function get(address target, uint256 place) internal returns (uint256) {
        return uint256(vm.load(target, bytes32(place)));
    }
}
