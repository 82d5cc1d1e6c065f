// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICondition} from "../interfaces/ICondition.sol";

/// @title MockCondition
/// @notice A condition contract that pays the amount in the evidence, or misbehaves according to the first byte of its
/// terms.
contract MockCondition is ICondition {
    error NotThisTime();

    uint256 private constant _BOMB = 1 << 19;

    /// @notice Resolves by the first byte of `terms`: 0 pay `abi.decode(evidence, (uint256))`, 1 revert, 2 burn all
    /// gas, 3 return 31 bytes, 4 return half a megabyte that starts with the evidence's number, 5 revert with half a
    /// megabyte.
    function resolve(bytes32, bytes calldata terms, bytes calldata evidence) external pure returns (uint256 amount) {
        amount = abi.decode(evidence, (uint256));
        uint8 mode = uint8(terms[0]);
        if (mode == 1) revert NotThisTime();
        assembly {
            switch mode
            case 2 { invalid() }
            case 3 { return(0, 31) }
            case 4 {
                mstore(0, amount)
                return(0, _BOMB)
            }
            case 5 { revert(0, _BOMB) }
        }
    }
}
