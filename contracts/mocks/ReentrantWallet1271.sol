// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockSignatures} from "./MockSignatures.sol";

/// @title ReentrantWallet1271
/// @notice An ERC-1271 signer that misbehaves inside `isValidSignature` according to its mode.
contract ReentrantWallet1271 {
    /// @dev Reenter calls the target first, then returns the magic value.
    enum Mode {
        Accept, // returns the magic value for any signature
        WrongMagic, // returns 0xffffffff
        BurnGas, // consumes all gas
        ReturnBomb, // returns the magic value, then a megabyte of zeros
        RevertBomb, // reverts with a megabyte of revert data
        Revert, // reverts without data
        ShortReturn, // returns only the four bytes of the magic value
        EmptyReturn, // returns nothing
        DirtyMagic, // returns the magic value followed by non-zero bytes in the same word
        Reenter
    }

    uint256 private constant _BOMB = 1 << 20;

    Mode public mode;
    address public target;
    bytes public payload;

    receive() external payable {}

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    /// @notice Sets mode Reenter with the call to make.
    function arm(address target_, bytes calldata payload_) external {
        mode = Mode.Reenter;
        target = target_;
        payload = payload_;
    }

    /// @notice Calls `to` as this wallet. Anyone may call, because this is a mock.
    function execute(address to, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        (bool ok, bytes memory result) = to.call{value: value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        return result;
    }

    /// @dev Deliberately not `view`: the caller's STATICCALL, not this declaration, must stop the re-entry.
    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        Mode current = mode;
        bytes32 magic = MockSignatures.ERC1271_MAGIC;
        if (current == Mode.WrongMagic) return 0xffffffff;
        if (current == Mode.Reenter) {
            // A write under STATICCALL burns all its gas, so half is kept to return an answer.
            (bool ok,) = target.call{gas: gasleft() / 2}(payload);
            // A successful re-entry must be visible to the test, so it changes the answer.
            return ok ? bytes4(0xdeadbeef) : MockSignatures.ERC1271_MAGIC;
        }
        assembly {
            switch current
            case 2 { invalid() }
            case 3 {
                mstore(0, magic)
                return(0, _BOMB)
            }
            case 4 { revert(0, _BOMB) }
            case 5 { revert(0, 0) }
            case 6 {
                mstore(0, magic)
                return(0, 4)
            }
            case 7 { return(0, 0) }
            case 8 {
                mstore(0, or(magic, 1))
                return(0, 32)
            }
        }
        return MockSignatures.ERC1271_MAGIC;
    }
}
